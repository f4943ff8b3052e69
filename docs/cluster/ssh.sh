#!/bin/sh
# Workers on machines that ssh reaches:  sh ssh.sh HEAD HOST...     Ctrl-C ends them all.
# HEAD: this machine's name or address as the others see it. On each, the course's environment at $VENV and the files
# ca.pem, cert.pem and key.pem in $CERTIFICATES, by the same paths as here.
set -eu
head=$1
shift
: "${VENV:=$HOME/course/.venv}" "${CERTIFICATES:=$HOME/course}" "${NOTEBOOKS:=4}" "${PORT:=8786}" "${SSH:=ssh -tt}"
tls="--tls-ca-file $CERTIFICATES/ca.pem --tls-cert $CERTIFICATES/cert.pem --tls-key $CERTIFICATES/key.pem"

trap 'trap - INT TERM EXIT; kill 0' INT TERM EXIT
"$VENV/bin/dask" scheduler --host "$head" --port "$PORT" --protocol tls --no-dashboard $tls &
for host; do
    # with a terminal of its own (-tt) the worker ends when the connection does
    $SSH "$host" "$VENV/bin/dask" worker "tls://$head:$PORT" --no-dashboard --nthreads "$NOTEBOOKS" $tls </dev/null &
done
wait
