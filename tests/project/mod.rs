//! What the project says of itself, its packages and its habits.

mod docs;
mod docs_files;
mod docs_project;
mod features;
mod habits;
mod licences;
mod packages;
mod promises;
mod publication;
