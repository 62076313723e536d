"""Models of what users hand over: EC2 payloads, manifests, files."""
