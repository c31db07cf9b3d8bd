//! WHAT is computed: sizes, shapes, references, costs, bounds and variants. Pure: no device, no file, no clock.
