//! Derive macros of Ferras.
