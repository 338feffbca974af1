"""What `make run`, `make stop` and `make clean` do on one machine, after setup.sh."""
