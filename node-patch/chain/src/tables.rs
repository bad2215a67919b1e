//! Byte layout of the database.
