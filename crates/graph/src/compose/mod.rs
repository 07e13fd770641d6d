//! Functions composed of ops: they need no gradient and no kernel of their own.
mod activation;
