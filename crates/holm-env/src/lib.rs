//! What a node asks of the world: tasks, randomness, clocks and byte streams.
