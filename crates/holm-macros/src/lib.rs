//! The #[actor] attribute and the Message derive.
