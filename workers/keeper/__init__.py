"""The keeper: one process that hands events to RabbitMQ, takes in foreign tasks, and brings lost jobs back."""
