//! Pickles, read without running anything.
//!
//! A pickle is a program for a stack machine, whose instructions may call any function by its name. This machine has no
//! functions: a name that it knows becomes a [`Known`], whose "call" rearranges plain data; a name that it does not know is
//! refused. Values are indices into an arena, so that what holds itself is held once.

mod cursor;
mod known;
mod machine;
mod value;

pub(crate) use cursor::Cursor;
pub(crate) use machine::{Pickle, is_torch_magic, read};
pub(crate) use value::{Node, Value, View};
