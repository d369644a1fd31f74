//! Products with a panel of a right operand.

use register_tiles::{Arch, Left, Product};

/// `sums` = (or +=) the rows times a panel `[inner, width]`.
pub(crate) fn multiply(
    rows: impl Left,
    panel: &[f32],
    width: usize,
    sums: &mut [f32],
    accumulate: bool,
    arch: Arch,
) {
    match width {
        64 => product::<64>(rows, panel, sums, accumulate, arch),
        32 => product::<32>(rows, panel, sums, accumulate, arch),
        _ => product::<16>(rows, panel, sums, accumulate, arch),
    }
}

fn product<const WIDTH: usize>(
    rows: impl Left,
    panel: &[f32],
    sums: &mut [f32],
    accumulate: bool,
    arch: Arch,
) {
    let product = Product::<_, WIDTH> {
        rows,
        panel,
        out: sums.as_chunks_mut().0,
        accumulate,
    };
    product.run(arch);
}
