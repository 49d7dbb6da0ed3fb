//! Actors on one node: references, inboxes, monitors and names.
