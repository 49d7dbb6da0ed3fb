//! A node in a process of its own, under attack: what the attacker is told, what it costs the
//! node, and that others do not notice. `HOLM_LONG=1` sends more.

mod actors;
mod attacker;
mod calls;
mod counting;
mod crowd;
mod frames;
mod honest;
mod lengths;
mod pressure;
mod versions;
mod victim;
mod violations;
