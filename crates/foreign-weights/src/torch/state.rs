//! The tensors in nested dictionaries, by their names.

use crate::error::{Fault, shown};
use crate::limits::Limits;
use crate::pickle::{Node, Pickle, Value, View};
use crate::tensor::Contents;

/// Longest name of a tensor, in bytes.
const LONGEST_NAME: usize = 512;
/// Longest text that is kept of what is no tensor, in bytes.
const LONGEST_TEXT: usize = 256;
/// Most texts and numbers that are kept by name.
const MOST_METADATA: usize = 1_000;
/// What a training needs to go on: not the network's.
const TRAINING_STATE: &[&str] = &[
    "amp_scaling_state",
    "lr_scheduler",
    "lr_schedulers",
    "optim",
    "optimizer",
    "optimizer_state",
    "optimizer_state_dict",
    "optimizer_states",
    "optimizers",
    "scheduler",
    "scheduler_state_dict",
];
/// Dictionaries that networks are wrapped in. One that holds every tensor is no part of their names.
const WRAPPERS: &[&str] = &[
    "model",
    "model_state",
    "model_state_dict",
    "module",
    "net",
    "network",
    "state_dict",
];

/// The tensors that a pickle names, in its order; the rest goes into `contents`.
pub(super) fn views<'p>(
    pickle: &'p Pickle<'p>,
    contents: &mut Contents,
    limits: &Limits,
) -> Result<Vec<(String, &'p View<'p>)>, Fault> {
    let mut walk = Walk {
        pickle,
        contents,
        limits,
        name: String::new(),
        left: limits.num_objects,
        views: Vec::new(),
    };
    walk.value(pickle.root, 0)?;
    let mut views = walk.views;
    unwrap(&mut views);
    Ok(views)
}

/// Takes off the first parts of all names that are one wrapper.
fn unwrap(views: &mut [(String, &View<'_>)]) {
    loop {
        let Some(wrapper) = WRAPPERS.iter().find(|wrapper| {
            !views.is_empty()
                && views.iter().all(|(name, _)| {
                    name.strip_prefix(**wrapper)
                        .is_some_and(|rest| rest.len() > 1 && rest.starts_with('.'))
                })
        }) else {
            return;
        };
        for (name, _) in views.iter_mut() {
            name.drain(..=wrapper.len());
        }
    }
}

struct Walk<'p, 'c> {
    pickle: &'p Pickle<'p>,
    contents: &'c mut Contents,
    limits: &'c Limits,
    /// Of the value that is looked at.
    name: String,
    /// Entries that may still be looked at: what is shared is looked at again.
    left: usize,
    views: Vec<(String, &'p View<'p>)>,
}

impl<'p> Walk<'p, '_> {
    fn value(&mut self, value: Value<'p>, depth: usize) -> Result<(), Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::TooLarge {
            found: "unfolded, its containers have more entries".to_owned(),
            limit: self.limits.num_objects as u64,
        })?;
        if depth > self.limits.depth {
            return Err(Fault::Refused(format!(
                "holds itself, or containers more than {} deep",
                self.limits.depth
            )));
        }
        match value {
            Value::Node(_) => {}
            Value::None => return Ok(()),
            Value::Bool(value) => return self.note(&value.to_string()),
            Value::Int(value) => return self.note(&value.to_string()),
            Value::Float(value) => return self.note(&value.to_string()),
            Value::Text(text) => return self.note(&shorter(text)),
            Value::Long(_) => return self.leave_out("a large integer"),
            Value::Bytes => return self.leave_out("bytes"),
        }
        match self.pickle.node(value) {
            Some(Node::Tensor(view)) => self.tensor(view),
            Some(Node::Dict(pairs)) => {
                for (key, value) in pairs {
                    match *key {
                        Value::Text(key) => self.part(key, *value, depth)?,
                        Value::Int(key) => self.part(&key.to_string(), *value, depth)?,
                        _ => self.leave_out("an entry whose key is no text")?,
                    }
                }
                Ok(())
            }
            Some(Node::Sequence(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.part(&index.to_string(), *value, depth)?;
                }
                Ok(())
            }
            Some(Node::Object(known) | Node::Global(known)) => {
                let name = known.name();
                self.leave_out(&name)
            }
            Some(Node::Storage(_)) => self.leave_out("a storage without a tensor"),
            None => Ok(()),
        }
    }

    fn part(&mut self, key: &str, value: Value<'p>, depth: usize) -> Result<(), Fault> {
        let length = self.name.len();
        if length + key.len() >= LONGEST_NAME {
            return Err(Fault::Refused(format!(
                "has a name of more than {LONGEST_NAME} bytes, `{}`",
                shown(key)
            )));
        }
        if length > 0 {
            self.name.push('.');
        }
        self.name.push_str(key);
        let done = if length == 0 && TRAINING_STATE.contains(&key) {
            self.leave_out("the state of a training")
        } else {
            self.value(value, depth + 1)
        };
        self.name.truncate(length);
        done
    }

    fn tensor(&mut self, view: &'p View<'p>) -> Result<(), Fault> {
        if self.views.len() >= self.limits.num_tensors {
            return Err(Fault::TooLarge {
                found: "it holds more tensors".to_owned(),
                limit: self.limits.num_tensors as u64,
            });
        }
        self.views.push((self.name.clone(), view));
        Ok(())
    }

    /// Keeps a number or a text.
    fn note(&mut self, text: &str) -> Result<(), Fault> {
        if self.contents.metadata.len() < MOST_METADATA {
            let name = self.name.clone();
            self.contents.metadata.insert(name, text.to_owned());
            return Ok(());
        }
        self.contents.leave_out("", "numbers and texts");
        Ok(())
    }

    fn leave_out(&mut self, what: &str) -> Result<(), Fault> {
        // Those of one list or dictionary are counted together where there are many.
        let parent = self.name.rsplit_once('.').map_or("", |(parent, _)| parent);
        let name = match self.contents.left_out.len() {
            0..100 => self.name.as_str(),
            100..1_000 => parent,
            _ => "",
        };
        self.contents.leave_out(name, what);
        Ok(())
    }
}

fn shorter(text: &str) -> String {
    let cut = text
        .char_indices()
        .map(|(at, _)| at)
        .find(|at| *at >= LONGEST_TEXT);
    match cut {
        Some(cut) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text.to_owned(),
    }
}
