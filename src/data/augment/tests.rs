//! Known answers for each change, and what they may depend on.

use proptest::prelude::*;

use super::*;

const STILL: Drawn = Drawn { angle: 0.0, flip: false, crop: (0, 0), brightness: 1.0, contrast: 1.0 };

/// No resizing and no normalising: the numbers are the pixels.
fn plain(h: usize, w: usize, mode: Mode) -> Prepare {
    Prepare { mode, h, w, mean: 0.0, deviation: 1.0 / 255.0, antialias: false }
}

fn grey(h: usize, w: usize, pixels: &[u8]) -> Picture {
    Picture::new(1, h, w, pixels.to_vec()).unwrap()
}

fn changed(picture: &Picture, padding: usize, drawn: Drawn) -> Vec<f32> {
    let prepare = plain(picture.h, picture.w, if picture.c == 1 { Mode::Grey } else { Mode::Rgb });
    let mut out = vec![f32::NAN; prepare.elements()];
    apply(picture, &prepare, padding, drawn, &mut Workspace::default(), &mut out);
    out.iter().map(|value| (value * 1000.0).round() / 1000.0).collect()
}

#[test]
fn quarter_turns_go_counter_clockwise() {
    let picture = grey(3, 3, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let turned = |angle| changed(&picture, 0, Drawn { angle, ..STILL });
    assert_eq!(turned(0.0), [1., 2., 3., 4., 5., 6., 7., 8., 9.]);
    assert_eq!(turned(90.0), [3., 6., 9., 2., 5., 8., 1., 4., 7.]);
    assert_eq!(turned(-90.0), [7., 4., 1., 8., 5., 2., 9., 6., 3.]);
    assert_eq!(turned(180.0), [9., 8., 7., 6., 5., 4., 3., 2., 1.]);
}

#[test]
fn corners_that_turn_out_are_black_and_the_middle_stays() {
    let picture = grey(9, 9, &[200; 81]);
    let turned = changed(&picture, 0, Drawn { angle: 45.0, ..STILL });
    assert_eq!([0, 8, 72, 80].map(|corner| turned[corner]), [0.0; 4]);
    assert_eq!(turned[40], 200.0);
    // A mark right of the middle goes up by a turn of 45 degrees: from (4, 7) to (4 - 2.1, 4 + 2.1).
    let mut marked = vec![0; 81];
    marked[4 * 9 + 7] = 250;
    let turned = changed(&grey(9, 9, &marked), 0, Drawn { angle: 45.0, ..STILL });
    assert_eq!(turned.iter().position(|&value| value == 250.0), Some(2 * 9 + 6));
    // A turn of a flat picture: what is outside is black.
    let flat = changed(&grey(1, 3, &[7, 8, 9]), 0, Drawn { angle: 90.0, ..STILL });
    assert_eq!(flat, [0.0, 8.0, 0.0]);
}

#[test]
fn crops_are_cut_from_a_black_border() {
    let picture = grey(2, 3, &[1, 2, 3, 4, 5, 6]);
    let at = |crop, flip| changed(&picture, 1, Drawn { crop, flip, ..STILL });
    assert_eq!(at((1, 1), false), [1., 2., 3., 4., 5., 6.]);
    assert_eq!(at((0, 0), false), [0., 0., 0., 0., 1., 2.]);
    assert_eq!(at((2, 2), false), [5., 6., 0., 0., 0., 0.]);
    assert_eq!(at((1, 0), false), [0., 1., 2., 0., 4., 5.]);
    assert_eq!(at((1, 1), true), [3., 2., 1., 6., 5., 4.]);
    assert_eq!(at((0, 0), true), [0., 0., 0., 0., 3., 2.]);
    assert_eq!(at((2, 2), true), [5., 4., 0., 0., 0., 0.]);
    // A border that is wider than the picture: nothing of it is left.
    let beyond = changed(&picture, 4, Drawn { crop: (0, 8), ..STILL });
    assert_eq!(beyond, [0.0; 6]);
}

#[test]
fn brightness_and_contrast_are_cut_at_black_and_white() {
    let picture = grey(1, 4, &[0, 100, 200, 100]);
    let bright = changed(&picture, 0, Drawn { brightness: 1.5, ..STILL });
    assert_eq!(bright, [0.0, 150.0, 255.0, 150.0]);
    // The mean is 100.
    let strong = changed(&picture, 0, Drawn { contrast: 2.0, ..STILL });
    assert_eq!(strong, [0.0, 100.0, 255.0, 100.0]);
    let weak = changed(&picture, 0, Drawn { contrast: 0.5, ..STILL });
    assert_eq!(weak, [50.0, 100.0, 150.0, 100.0]);
    // Of colours the mean is that of their luma: 0.299 * 100 = 29.9.
    let red = Picture::new(3, 1, 1, vec![100, 0, 0]).unwrap();
    assert_eq!(changed(&red, 0, Drawn { contrast: 0.0, ..STILL }), [29.9; 3]);
}

#[test]
fn a_grey_picture_fills_three_planes_as_three_equal_ones_would() {
    let pixels: Vec<u8> = (0..63).map(|at| at * 4).collect();
    let one = grey(9, 7, &pixels);
    let three = Picture { c: 3, h: 9, w: 7, pixels: pixels.repeat(3) };
    let augment = Augment { brightness: 0.3, contrast: 0.3, ..Augment::thesis() };
    let prepare = Prepare { h: 5, w: 6, ..Prepare::default() };
    for index in 0..20 {
        let [a, b] = [&one, &three].map(|picture| augment_one(picture, &prepare, &augment, (1, 2, index)));
        let near = a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near && a[..30] == a[30..60] && a[..30] == a[60..], "{index}");
    }
}

#[test]
fn nothing_turned_on_is_plain_preparation() {
    let picture = grey(9, 7, &(0..63).collect::<Vec<u8>>());
    let prepare = Prepare { h: 5, w: 6, ..Prepare::default() };
    let prepared = crate::data::prepare_one(&picture, &prepare);
    assert_eq!(augment_one(&picture, &prepare, &Augment::default(), (1, 2, 3)), prepared);
    // Black is -1 and white is 1, on the scale of the thesis.
    let ends = crate::data::prepare_one(&grey(1, 2, &[0, 255]), &plain(1, 2, Mode::Grey));
    assert_eq!(ends, [0.0, 255.0]);
    let ends = crate::data::prepare_one(
        &grey(1, 2, &[0, 255]),
        &Prepare { h: 1, w: 2, mode: Mode::Grey, ..Prepare::default() },
    );
    assert_eq!(ends, [-1.0, 1.0]);
}

#[test]
fn what_is_drawn_depends_on_seed_epoch_and_index_alone() {
    let augment = Augment { brightness: 0.2, contrast: 0.2, ..Augment::thesis() };
    let draw = |seed, epoch, index| Drawn::new(&augment, seed, epoch, index);
    assert_eq!(draw(1, 2, 3), draw(1, 2, 3));
    for other in [draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)] {
        assert!(other.angle != draw(1, 2, 3).angle);
    }
    // Turning one change off leaves the others as they are.
    let still = Augment { rotation: 0.0, ..augment.clone() };
    let without = Drawn::new(&still, 1, 2, 3);
    assert_eq!(without, Drawn { angle: 0.0, ..draw(1, 2, 3) });

    let many: Vec<Drawn> = (0..4000).map(|index| draw(7, 0, index)).collect();
    assert!(many.iter().all(|d| d.angle.abs() <= 5.0 && (0.8..=1.2).contains(&d.brightness)));
    let flips = many.iter().filter(|d| d.flip).count();
    // Six standard deviations of 4000 tosses are 190.
    assert!((1810..=2190).contains(&flips), "{flips}");
    let mut places = [[0; 5]; 5];
    many.iter().for_each(|d| places[d.crop.0][d.crop.1] += 1);
    assert!(places.iter().flatten().all(|n| (90..=235).contains(n)), "{places:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_size_stays_between_black_and_white(
        (h, w, oh, ow) in (1usize..40, 1usize..40, 1usize..40, 1usize..40),
        (rotation, crop_padding, strength) in (0f32..180.0, 0usize..50, 0f32..1.0),
        (colour, grey, antialias) in any::<(bool, bool, bool)>(),
        seed in any::<u64>(),
    ) {
        let c = if colour { 3 } else { 1 };
        let mut stream = Stream::new(*b"pictures", [seed, 0, 0]);
        let pixels = (0..c * h * w).map(|_| u8::try_from(stream.below(256)).unwrap()).collect();
        let picture = Picture { c, h, w, pixels };
        let mode = if grey { Mode::Grey } else { Mode::Rgb };
        let prepare = Prepare { mode, h: oh, w: ow, antialias, ..Prepare::default() };
        let augment = Augment { rotation, flip: 0.5, crop_padding, brightness: strength, contrast: strength };
        let values = augment_one(&picture, &prepare, &augment, (seed, 1, 2));
        prop_assert_eq!(values.len(), mode.channels() * oh * ow);
        prop_assert!(values.iter().all(|v| (-1.0001..=1.0001).contains(v)));
        let values = crate::data::prepare_one(&picture, &prepare);
        prop_assert!(values.iter().all(|v| (-1.0001..=1.0001).contains(v)));
    }
}

#[test]
fn values_that_make_no_sense_are_refused() {
    Augment::thesis().check().unwrap();
    for wrong in [
        Augment { rotation: 181.0, ..Augment::default() },
        Augment { flip: -0.1, ..Augment::default() },
        Augment { brightness: f32::NAN, ..Augment::default() },
        Augment { contrast: 1.5, ..Augment::default() },
        Augment { crop_padding: 5000, ..Augment::default() },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    for wrong in [
        Prepare { h: 0, ..Prepare::default() },
        Prepare { w: usize::MAX, ..Prepare::default() },
        Prepare { deviation: 0.0, ..Prepare::default() },
        Prepare { mean: f32::NAN, ..Prepare::default() },
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    let read: Augment = toml::from_str("rotation = 5\nflip = 0.5\ncrop_padding = 2").unwrap();
    assert_eq!(read, Augment::thesis());
    assert!(toml::from_str::<Augment>("rotations = 5").is_err());
    let read: Prepare = toml::from_str("mode = 'grey'\nh = 64").unwrap();
    assert_eq!(read, Prepare { mode: Mode::Grey, h: 64, ..Prepare::default() });
}
