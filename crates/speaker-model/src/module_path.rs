//! Names of parameters while a module is walked through.

/// Where a walk through a module's parameters stands. A chosen part of a network counts as what it was chosen for: the names
/// of enums' variants are left out, so that a trunk's parameters lie below `trunk`, whichever it is.
#[derive(Clone, Debug, Default)]
pub struct ModulePath(Vec<String>);

impl ModulePath {
    /// What `enter_module` of a Burn visitor or mapper is told.
    pub fn enter(&mut self, name: &str, container: &str) {
        if !is_choice(container) {
            self.0.push(name.to_owned());
        }
    }

    /// What `exit_module` is told.
    pub fn exit(&mut self, container: &str) {
        if !is_choice(container) {
            self.0.pop();
        }
    }

    /// The name of the parameter at hand, its parts joined by dots.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.join(".")
    }
}

fn is_choice(container: &str) -> bool {
    container.starts_with("Enum:")
}
