"""The warm Jupyter kernel, which starts with TensorFlow imported: its provisioner, the zygote that all of them share."""
