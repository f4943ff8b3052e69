"""Workers as PBS jobs. On the login node, in the course folder, and left running:  python pbs.py

Then, there:  course grade 01 --scheduler "$(cat scheduler-address)" --tls-ca ca.pem --tls-cert cert.pem --tls-key key.pem
"""

import os
from pathlib import Path

from dask_jobqueue import PBSCluster
from distributed import Security

HERE = Path.cwd()  # on a file system that login and compute nodes share, as the environment with the course is
SECURITY = Security(
    require_encryption=True,
    tls_ca_file=str(HERE / "ca.pem"),
    **{
        f"tls_{who}_{what}": str(HERE / f"{what}.pem")
        for who in ("scheduler", "worker", "client")
        for what in ("cert", "key")
    },
)


def cluster() -> PBSCluster:
    """A scheduler here, and no worker yet."""
    return PBSCluster(
        queue=os.environ.get("QUEUE", "workq"),
        account=os.environ.get("ACCOUNT"),
        cores=8,  # of a job: so many notebooks at a time
        processes=1,  # one zygote for them all
        memory="16 GB",
        resource_spec="select=1:ncpus=8:mem=16gb",
        walltime="01:00:00",
        local_directory="/tmp",
        log_directory="cluster-logs",  # what the workers say: the first place to look
        interface=os.environ.get("INTERFACE"),  # the network that reaches the nodes, such as ib0
        protocol="tls://",
        security=SECURITY,
        worker_extra_args=["--no-dashboard"],
        scheduler_options={"dashboard": False},
    )


if __name__ == "__main__":
    with cluster() as made:
        jobs = int(os.environ.get("JOBS", "4"))
        # unlike scale(), this asks for another job in the place of one that ends, at its time limit, say
        made.adapt(minimum_jobs=jobs, maximum_jobs=jobs)
        Path("scheduler-address").write_text(made.scheduler_address)
        input(f"{made.scheduler_address}; Enter ends it and its jobs. ")
