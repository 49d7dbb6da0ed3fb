//! A node: sessions to its peers, signals between nodes, remote spawn.
