//! Modules that exist for the code but not in a parameter's name.

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
};
use burn::tensor::Device;

/// A module under a key that is no identifier, such as `2-1` in `all_x_embedder.2-1.weight`.
#[derive(Debug, Clone)]
pub struct Keyed<M> {
    key: String,
    /// The module itself.
    pub inner: M,
}

impl<M> Keyed<M> {
    /// `inner`, found under `key`.
    pub fn new(key: impl Into<String>, inner: M) -> Self {
        Self {
            key: key.into(),
            inner,
        }
    }

    fn replace(self, change: impl FnOnce(M) -> M) -> Self {
        Self {
            key: self.key,
            inner: change(self.inner),
        }
    }
}

impl<M: Module> Module for Keyed<M> {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.inner.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.replace(|inner| inner.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.replace(|inner| inner.to_device(device))
    }

    fn train(self) -> Self {
        self.replace(M::train)
    }

    fn valid(&self) -> Self {
        Self {
            key: self.key.clone(),
            inner: self.inner.valid(),
        }
    }

    fn materialize(self) -> Self {
        self.replace(M::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.enter_module(&self.key, "Keyed");
        self.inner.visit(visitor);
        visitor.exit_module(&self.key, "Keyed");
    }

    fn map<T: ModuleMapper>(self, mapper: &mut T) -> Self {
        mapper.enter_module(&self.key, "Keyed");
        let inner = self.inner.map(mapper);
        mapper.exit_module(&self.key, "Keyed");
        Self {
            key: self.key,
            inner,
        }
    }
}

impl<M: ModuleDisplay> ModuleDisplayDefault for Keyed<M> {
    fn content(&self, content: Content) -> Option<Content> {
        content.add(&self.key, &self.inner).optional()
    }
}

impl<M: ModuleDisplay> ModuleDisplay for Keyed<M> {}

/// Makes an enum of modules a module that adds nothing to its parameters' names.
///
/// burn's derive would put the variant's name into the path, and the path has to be the tensor's name in the file.
/// A mapped module, whose parameters may just have been loaded, is passed through `$mapped`.
macro_rules! passthrough_module {
    ($name:ident { $($variant:ident),+ $(,)? }, $mapped:path) => {
        impl burn::module::Module for $name {
            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices {
                match self { $(Self::$variant(inner) => inner.collect_devices(devices),)+ }
            }
            fn fork(self, device: &burn::tensor::Device) -> Self {
                match self { $(Self::$variant(inner) => Self::$variant(inner.fork(device)),)+ }
            }
            fn to_device(self, device: &burn::tensor::Device) -> Self {
                match self { $(Self::$variant(inner) => Self::$variant(inner.to_device(device)),)+ }
            }
            fn train(self) -> Self {
                match self { $(Self::$variant(inner) => Self::$variant(inner.train()),)+ }
            }
            fn valid(&self) -> Self {
                match self { $(Self::$variant(inner) => Self::$variant(inner.valid()),)+ }
            }
            fn materialize(self) -> Self {
                match self { $(Self::$variant(inner) => Self::$variant(inner.materialize()),)+ }
            }
            fn visit<V: burn::module::ModuleVisitor>(&self, visitor: &mut V) {
                match self { $(Self::$variant(inner) => inner.visit(visitor),)+ }
            }
            fn map<M: burn::module::ModuleMapper>(self, mapper: &mut M) -> Self {
                $mapped(match self { $(Self::$variant(inner) => Self::$variant(inner.map(mapper)),)+ })
            }
        }

        impl burn::module::ModuleDisplayDefault for $name {
            fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
                match self {
                    $(Self::$variant(inner) => content.add(stringify!($variant), inner).optional(),)+
                }
            }
        }

        impl burn::module::ModuleDisplay for $name {}
    };
}
pub(crate) use passthrough_module;
