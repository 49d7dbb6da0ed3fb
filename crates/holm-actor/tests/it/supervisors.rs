//! Supervisors: the actors, on their real scheduler, in virtual time.

mod children;
mod crashes;
mod starts;
mod stops;
mod strategies;
mod trees;
