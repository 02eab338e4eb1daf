"""Benchmarks, side by side with Apache Kafka: `make bench`, or `python -m bench` in the project's directory."""
