"""The training process: `main` runs in it, `handle` is the gateway's end of it. No gRPC here."""
