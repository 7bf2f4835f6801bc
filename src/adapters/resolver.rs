//! What a name may stand for: it is resolved once, every address that it stands for is checked, and the
//! connection goes to one of these.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{Scope, literal, scope};
use crate::engine::ports::BoxFuture;

/// What addresses a name stands for.
pub(super) type Lookup =
    dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

/// Resolves names, and lets none through that stands for an address which must not be called.
#[derive(Clone)]
pub(crate) struct CheckedResolver {
    private: bool,
    pub(super) lookup: Arc<Lookup>,
}

impl std::fmt::Debug for CheckedResolver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "CheckedResolver(private: {})", self.private)
    }
}

impl CheckedResolver {
    /// Lets addresses of the public internet through, and where `private` says so those of this machine and
    /// of private networks.
    pub(super) fn new(private: bool) -> Self {
        Self {
            private,
            lookup: Arc::new(|name| Box::pin(look_up(name))),
        }
    }

    /// Checks an address that names no host but a number: nothing is resolved then.
    pub(super) fn admit_literal(&self, url: &Url) -> Result<(), &'static str> {
        literal(url).map_or(Ok(()), |address| self.admit(address))
    }

    fn admit(&self, address: IpAddr) -> Result<(), &'static str> {
        match scope(address) {
            Scope::Public => Ok(()),
            Scope::Private if self.private => Ok(()),
            Scope::Private => Err("is on a private network, and nobody allowed it"),
            Scope::Special => Err("is a special address, where no server can be"),
        }
    }

    async fn addresses(&self, name: String) -> io::Result<Vec<SocketAddr>> {
        let found = (self.lookup)(name).await?;
        for address in &found {
            self.admit(*address)
                .map_err(|why| io::Error::other(format!("the host {why}")))?;
        }
        Ok(found
            .into_iter()
            .map(|address| (address, 0).into())
            .collect())
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let addresses = resolver.addresses(name.as_str().to_owned()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((name, 0)).await?;
    Ok(found.map(|address| address.ip()).collect())
}
