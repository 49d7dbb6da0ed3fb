//! The test world: virtual time, a seeded network and a seeded scheduler.
