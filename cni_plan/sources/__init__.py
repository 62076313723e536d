"""Where facts come from: files, EC2 and the instance metadata service."""
