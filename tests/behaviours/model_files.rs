//! Model files for tests: the golden ones, copies of them, and files made from lists of tensors.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;
use danqing::checkpoint::{Network, wanted};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// A file or folder under tests/files.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(name)
}

/// The tiny model in f32, sharded.
pub fn tiny() -> PathBuf {
    file("golden/tiny/model_f32")
}

/// The same values in bf16, in whole files.
pub fn tiny_bf16() -> PathBuf {
    file("golden/tiny/model_bf16")
}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            // Not `fs::copy`: it would keep a read-only flag.
            std::fs::write(target, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// A writable copy of the tiny model.
pub fn tiny_copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&tiny(), folder.path());
    folder
}

/// One tensor as a file stores it.
#[derive(Clone, PartialEq, Debug)]
pub struct Raw {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

/// Tensors by name.
pub type Tensors = BTreeMap<String, Raw>;

/// Reads the tensors of all safetensors files in a folder.
pub fn read_folder(folder: &Path) -> Tensors {
    let mut tensors = Tensors::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|ending| ending == "safetensors")
        {
            tensors.extend(read(&path));
        }
    }
    tensors
}

/// Reads the tensors of one file.
pub fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let raw = |view: &TensorView<'_>| Raw {
        dtype: view.dtype(),
        shape: view.shape().to_vec(),
        bytes: view.data().to_vec(),
    };
    file.iter()
        .map(|(name, view)| (name.to_owned(), raw(&view)))
        .collect()
}

/// Writes tensors to one file.
pub fn write(path: &Path, tensors: &Tensors) {
    let views = tensors.iter().map(|(name, raw)| {
        (
            name,
            TensorView::new(raw.dtype, raw.shape.clone(), &raw.bytes).unwrap(),
        )
    });
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// Writes a file of tensors that are all zero; the zeros take no room on the disk.
pub fn write_zeros<'a>(
    path: &Path,
    dtype: &str,
    bytes: usize,
    tensors: impl Iterator<Item = (&'a str, &'a [usize])>,
) {
    let mut end = 0;
    let mut header = serde_json::Map::new();
    for (name, shape) in tensors {
        let start = end;
        end += shape.iter().product::<usize>() * bytes;
        header.insert(
            name.to_owned(),
            serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}),
        );
    }
    let json = serde_json::to_vec(&header).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(&(json.len() as u64).to_le_bytes()).unwrap();
    file.write_all(&json).unwrap();
    file.set_len((8 + json.len() + end) as u64).unwrap();
}

/// The numbers of a loaded network by tensor name, as f32.
pub fn weights<N: Network>(network: &N) -> BTreeMap<String, Vec<f32>> {
    struct Reader {
        path: Vec<String>,
        weights: BTreeMap<String, Vec<f32>>,
    }
    impl ModuleVisitor for Reader {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().try_to_data_as::<f32>().unwrap();
            self.weights.insert(
                self.path.join("."),
                data.as_slice::<f32>().unwrap().to_vec(),
            );
        }
    }
    let mut reader = Reader {
        path: Vec::new(),
        weights: BTreeMap::new(),
    };
    network.visit(&mut reader);
    let weights: BTreeMap<String, Vec<f32>> = reader
        .weights
        .into_iter()
        .map(|(path, values)| (N::tensor_name(&path), values))
        .collect();
    assert!(weights.keys().eq(wanted(network).keys()));
    weights
}
