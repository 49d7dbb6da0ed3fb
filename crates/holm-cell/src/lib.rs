//! The lock-free leaf under an actor: inbox queue, waker slot, reply slot, serial table.
