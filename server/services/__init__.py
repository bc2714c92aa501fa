"""One file a service of the contract: check, call, answer."""
