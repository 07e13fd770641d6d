//! Files as h5py and Keras write them, files of our own, and damaged ones.
use super::super::limits::Limits;
use super::*;

/// The bytes of a file that `tools/container_files.py` made.
fn bytes(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/files/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

fn open(bytes: Vec<u8>) -> Result<File<'static>> {
    let budget = Limits::new().budget(bytes.len() as u64)?;
    File::open(bytes, &budget)
}

fn numbers(group: &Group, name: &str) -> (DType, Vec<usize>, Vec<f64>) {
    let array = group.array(name).unwrap().unwrap_or_else(|| panic!("{name}"));
    let tensor = array.read(array.shape()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(tensor.dtype(), array.dtype().unwrap());
    (tensor.dtype(), tensor.shape().to_vec(), tensor.to_f64_vec())
}

fn check_attributes(get: impl Fn(&str) -> Option<Attribute>) {
    let texts = |t: &[&str]| Some(Attribute::Texts(t.iter().map(|t| t.to_string()).collect()));
    assert_eq!(get("text"), Some(Attribute::Text("Grüße".into())));
    assert_eq!(get("bytes"), Some(Attribute::Text("plain".into())));
    assert_eq!(get("texts"), texts(&["a", "longer", ""]));
    assert_eq!(get("any"), texts(&["b", "Ünï", ""]));
    assert_eq!(get("empty"), Some(Attribute::Floats(vec![])));
    assert_eq!(get("int"), Some(Attribute::Integers(vec![7])));
    assert_eq!(get("ints"), Some(Attribute::Integers(vec![1, -2, 3, 4])));
    assert_eq!(get("float"), Some(Attribute::Floats(vec![0.5])));
    assert_eq!(get("halves"), Some(Attribute::Floats(vec![0.5, -1.5])));
    assert_eq!(get("truth"), Some(Attribute::Integers(vec![1])));
    assert_eq!(get("nothing"), Some(Attribute::Floats(vec![])));
    assert_eq!(get("missing"), None);
}

/// All that h5py writes by default, and in the newest form of the format.
#[test]
fn files_of_h5py() {
    for name in ["plain.h5", "latest.h5"] {
        let file = open(bytes(name)).unwrap();
        let root = file.root();
        assert_eq!(root.names().unwrap(), ["a", "arrays", "many"]);
        check_attributes(|name| root.attribute(name).unwrap());
        let scalar = root.array("arrays/scalar").unwrap().unwrap();
        check_attributes(|name| scalar.attribute(name).unwrap());
        let arrays = root.group("arrays").unwrap().unwrap();
        for (key, dtype) in [
            ("little_f2", DType::F16),
            ("little_f4", DType::F32),
            ("big_f4", DType::F32),
            ("little_f8", DType::F64),
            ("big_f8", DType::F64),
            ("one_i1", DType::I32),
            ("little_i2", DType::I32),
            ("big_i2", DType::I32),
            ("little_u2", DType::I32),
            ("little_i4", DType::I32),
            ("big_i4", DType::I32),
            ("little_u4", DType::I64),
            ("little_i8", DType::I64),
            ("big_i8", DType::I64),
            ("little_u8", DType::I64),
            ("one_u1", DType::U8),
        ] {
            let first = if key.contains('u') { 0 } else { -2 };
            let expected: Vec<f64> = (first..first + 6).map(f64::from).collect();
            assert_eq!(numbers(&arrays, key), (dtype, vec![2, 3], expected), "{key}");
        }
        let data: Vec<f64> = (0..35).map(f64::from).collect();
        let tiled: &[&str] = match name {
            "plain.h5" => &["gzip", "sum", "growing", "one"],
            _ => &["one"],
        };
        for key in tiled {
            assert_eq!(numbers(&arrays, key), (DType::F32, vec![5, 7], data.clone()), "{key}");
        }
        assert_eq!(numbers(&arrays, "truth"), (DType::Bool, vec![3], vec![1.0, 0.0, 1.0]));
        assert_eq!(numbers(&arrays, "brain"), (DType::BF16, vec![3], vec![1.0, -2.0, 0.5]));
        assert_eq!(numbers(&arrays, "scalar"), (DType::F32, vec![], vec![2.5]));
        assert_eq!(numbers(&arrays, "empty"), (DType::F32, vec![0, 4], vec![]));
        let texts = |name| arrays.array(name).unwrap().unwrap().read_texts().unwrap();
        assert_eq!(texts("texts"), ["one", "three"]);
        assert_eq!(texts("any_texts"), ["x", "Ünï"]);
        let problem = |name: &str| arrays.array(name).unwrap().unwrap().read_any().unwrap_err();
        assert!(problem("complex").contains("\"/arrays/complex\" holds records"));
        assert!(problem("texts").contains("holds texts; read are numbers"));
        assert!(problem("lzf").contains("LZF"));
        assert!(problem("unwritten").contains("was never written"));
        let many = root.group("many").unwrap().unwrap();
        assert_eq!(many.names().unwrap().len(), 120);
        let member = many.group("member_77").unwrap().unwrap();
        assert_eq!(member.attribute("i").unwrap(), Some(Attribute::Integers(vec![77])));
        let attribute = many.attribute("attribute_29").unwrap();
        assert_eq!(attribute, Some(Attribute::Integers(vec![29])));
        let deep = root.group("a/b/c").unwrap().unwrap();
        assert_eq!(deep.path(), "/a/b/c");
        assert_eq!(deep.attribute("deep").unwrap(), Some(Attribute::Text("yes".into())));
        assert!(root.group("a/x").unwrap().is_none() && root.array("a").unwrap().is_none());
        let array = root.array("arrays/scalar").unwrap().unwrap();
        let error = array.read(&Shape::from([2])).unwrap_err();
        assert_eq!(error, "\"/arrays/scalar\" has shape (), where (2,) is expected");
        if name == "latest.h5" {
            let large = many.attribute("large").unwrap();
            assert_eq!(large, Some(Attribute::Integers((0..10_000).collect())));
            assert!(problem("gzip").contains("libver"));
        }
    }
}

#[test]
fn files_of_keras() {
    let file = open(bytes("model.h5")).unwrap();
    let weights = file.root().group("model_weights").unwrap().unwrap();
    let layers = weights.texts("layer_names").unwrap().unwrap();
    assert_eq!(layers, ["dense", "dropout", "dense_1"]);
    let names = |layer| weights.group(layer).unwrap().unwrap().texts("weight_names").unwrap();
    assert_eq!(names("dropout"), Some(vec![]));
    let dense = names("dense").unwrap();
    let kernel = weights.array(&format!("dense/{}", dense[0])).unwrap().unwrap();
    assert_eq!(kernel.read(&Shape::from([3, 4])).unwrap().dtype(), DType::F32);
    let Some(Attribute::Text(config)) = file.root().attribute("model_config").unwrap() else {
        panic!("a model without a config");
    };
    assert!(config.contains("\"class_name\": \"Sequential\""), "{config}");

    let file = open(bytes("model.weights.h5")).unwrap();
    assert_eq!(file.root().names().unwrap(), ["layers", "optimizer", "vars"]);
    let kernel = file.root().array("layers/dense/vars/0").unwrap().unwrap();
    assert_eq!(*kernel.shape(), Shape::from([3, 4]));
}

fn tree() -> Tree {
    let mut arrays = Tree::default();
    for dtype in DType::ALL {
        for shape in [&[][..], &[0], &[3], &[2, 0, 5], &[2, 3, 4]] {
            let ty = ferras_graph::TensorType::new(dtype, shape);
            let name = format!("{} {}", dtype.name(), ty.shape);
            arrays.members.push((name, Member::Array(Tensor::full(&ty, 1.0))));
        }
    }
    let texts = |n: usize| (0..n).map(|i| format!("layer number {i:050}")).collect();
    let attributes = vec![
        ("text".into(), Attribute::Text("Grüße".into())),
        ("long".into(), Attribute::Text("x".repeat(200_000))),
        ("none".into(), Attribute::Texts(vec![])),
        ("some".into(), Attribute::Texts(texts(3))),
        ("many".into(), Attribute::Texts(texts(3000))),
        ("int".into(), Attribute::Integers(vec![-7])),
        ("floats".into(), Attribute::Floats(vec![0.5, 1.5])),
    ];
    let mut groups = Tree { attributes, members: vec![] };
    for i in 0..1500 {
        groups.members.push((format!("ü{i}"), Member::Group(Tree::default())));
    }
    Tree {
        attributes: groups.attributes.clone(),
        members: vec![
            ("arrays".into(), Member::Group(arrays)),
            ("groups".into(), Member::Group(groups)),
        ],
    }
}

#[test]
fn what_is_written_is_read() {
    let tree = tree();
    let file = open(write(&tree).unwrap()).unwrap();
    let root = file.root();
    let groups = root.group("groups").unwrap().unwrap();
    assert_eq!(groups.names().unwrap().len(), 1500);
    for group in [&root, &groups] {
        for (name, expected) in &tree.attributes {
            match expected {
                Attribute::Texts(expected) => {
                    assert_eq!(group.texts(name).unwrap().as_ref(), Some(expected), "{name}");
                }
                _ => assert_eq!(group.attribute(name).unwrap().as_ref(), Some(expected)),
            }
        }
        assert_eq!(group.attribute("many").unwrap(), None);
        assert!(group.attribute("many2").unwrap().is_some());
    }
    let arrays = root.group("arrays").unwrap().unwrap();
    let Some((_, Member::Group(written))) = tree.members.first() else { panic!() };
    for (name, member) in &written.members {
        let Member::Array(expected) = member else { panic!() };
        let array = arrays.array(name).unwrap().unwrap();
        assert_eq!(array.read(expected.shape()).unwrap(), *expected, "{name}");
    }
    let brain = arrays.array("bfloat16 (3,)").unwrap().unwrap();
    assert_eq!(brain.attribute("dtype").unwrap(), Some(Attribute::Text("bfloat16".into())));
}

#[test]
fn names_that_cannot_be_written() {
    for name in ["", ".", "a/b", "a\0b"] {
        let member = Member::Group(Tree::default());
        let tree = Tree { attributes: vec![], members: vec![(name.into(), member)] };
        assert!(write(&tree).unwrap_err().contains("cannot hold a member"));
    }
}
