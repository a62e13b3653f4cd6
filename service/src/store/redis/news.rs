//! The wake-up: a subscription that says that somebody wrote. It may be lost, so nobody relies on
//! it alone.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::Notify;

use super::connection::{Connector, SharedConnector};
use super::keys;

/// How long to wait before subscribing again.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens from when it is first asked on.
#[derive(Default)]
pub(super) struct Listener {
    news: OnceLock<Arc<Notify>>,
}

impl Listener {
    pub(super) async fn news(&self, connector: &SharedConnector) {
        let news = self.news.get_or_init(|| {
            let news = Arc::new(Notify::new());
            tokio::spawn(listen(Arc::downgrade(connector), Arc::downgrade(&news)));
            news
        });
        news.notified().await;
    }
}

/// Until nobody holds the store any more.
async fn listen(connector: Weak<Connector>, news: Weak<Notify>) {
    while let Some(connector) = connector.upgrade() {
        let subscription = match connector.listen().await {
            Ok(None) => return,
            Ok(Some((mut subscription, newest))) => {
                subscription.subscribe(keys::CHANNEL).await.map(|()| (subscription, newest))
            }
            Err(error) => Err(error),
        };
        drop(connector);
        if let Ok((subscription, mut newest)) = subscription {
            let mut messages = subscription.into_on_message();
            loop {
                let message = tokio::select! {
                    message = messages.next() => message,
                    // Another connection had to be made: this one may lead to the wrong node.
                    _ = newest.changed() => break,
                };
                let (Some(_), Some(news)) = (message, news.upgrade()) else { break };
                news.notify_one();
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
