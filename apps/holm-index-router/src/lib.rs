//! The index over worker nodes: router, workers and the facade over both.
