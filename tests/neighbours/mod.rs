//! Rust nodes beside real clusters of others: RabbitMQ and ejabberd, as Debian packages them. They are joined, called in
//! both directions and left again, and have nothing to say about it in their logs.
//!
//! `scripts/test --full` installs them and runs this; each has its folder, its epmd and its cookie here.

mod ejabberd;
mod neighbour;
mod rabbitmq;
