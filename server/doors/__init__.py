"""How calls come in: `native` is gRPC, `web` is HTTP/1.1 for browsers and scripts. Both ask the `Gate`."""
