//! What a pickle's machine works on.

use super::known::Known;
use crate::element::Element;

/// A value: small, or a node of the arena.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 64 bits, its bytes little-endian.
    Long(&'a [u8]),
    Float(f64),
    Text(&'a str),
    Bytes,
    Node(u32),
}

/// What has parts.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// A list, tuple or set.
    Sequence(Vec<Value<'a>>),
    /// A dictionary of any kind.
    Dict(Vec<(Value<'a>, Value<'a>)>),
    /// A function or class.
    Global(Known<'a>),
    Storage(Box<Storage<'a>>),
    Tensor(Box<View<'a>>),
    /// An object of a class that nobody needs: not built.
    Object(Known<'a>),
}

/// Numbers elsewhere in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storage<'a> {
    /// The name of the record that holds them.
    pub(crate) key: &'a str,
    /// What they are; `None`: bytes that the tensor interprets.
    pub(crate) element: Option<Element>,
    /// How many.
    pub(crate) num_elements: u64,
    /// The first of them in the record, for a storage that is a part of another.
    pub(crate) first: u64,
}

/// A tensor: a storage and how to walk through it.
#[derive(Clone, Debug)]
pub(crate) struct View<'a> {
    pub(crate) storage: Storage<'a>,
    pub(crate) element: Element,
    /// Index of the first element in the storage.
    pub(crate) offset: u64,
    pub(crate) shape: Vec<u64>,
    pub(crate) strides: Vec<u64>,
}
