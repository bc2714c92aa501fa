"""The voxcore service: a gRPC gateway in front of one training process.

This file and `server.worker` import no gRPC: the training process starts from here.
"""
