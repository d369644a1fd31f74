//! Which backend computes: the one place that knows Burn's backends by name.

use burn::tensor::Device;

use crate::ModelError;

/// The names that [`device`] accepts in this build, the default first.
#[must_use]
pub fn available_devices() -> &'static [&'static str] {
    &[
        "flex",
        #[cfg(feature = "ndarray")]
        "ndarray",
        #[cfg(feature = "tch")]
        "tch",
    ]
}

/// The device called `name`: `flex` (pure Rust, CPU), and `ndarray` or `tch` where they were built in.
///
/// # Errors
/// [`ModelError::UnknownDevice`], which lists the names of this build.
#[allow(
    deprecated,
    reason = "Burn 0.22 is the last release with ndarray and tch, which users asked for"
)]
pub fn device(name: &str) -> Result<Device, ModelError> {
    match name {
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "ndarray")]
        "ndarray" => Ok(Device::ndarray()),
        #[cfg(feature = "tch")]
        "tch" => Ok(Device::libtorch()),
        _ => Err(ModelError::UnknownDevice {
            found: name.to_owned(),
            available: available_devices().join(", "),
        }),
    }
}

/// Whether our own kernels, which are written for the memory of Burn's own CPU backend, can run on `device`.
pub(crate) fn has_kernels(device: &Device) -> bool {
    device.clone().inner() == Device::flex()
}
