use super::Violation;
use super::imports::{Named, named};
use super::source::{Source, Tree};

/// The names that our own crates have in sources.
const OURS: [&str; 4] = ["mkbill_core", "mkbill_routeros", "mkbill_http", "mkbill_py"];

/// Stands for the folder of the file in a target: `mkbill_core::{folder}`.
const FOLDER: &str = "{folder}";

/// Who may not name whom. Test modules are free.
struct Arrow {
    rule: &'static str,
    /// Files it binds: a folder with `/` at its end, or a file, where `*` is any one name.
    from: &'static [&'static str],
    except: &'static [&'static str],
    limit: Limit,
    why: &'static str,
}

enum Limit {
    /// None of these paths.
    Never(&'static [&'static str]),
    /// Of our own crates only these paths.
    OfOurs(&'static [&'static str]),
    /// Only these paths at all.
    Only(&'static [&'static str]),
}

const ARROWS: [Arrow; 14] = [
    Arrow {
        rule: "kernel",
        from: &["mkbill-core/src/kernel/"],
        except: &[],
        limit: Limit::OfOurs(&["mkbill_core::kernel"]),
        why: "the kernel imports nothing of ours",
    },
    Arrow {
        rule: "entity",
        from: &["mkbill-core/src/*/mod.rs"],
        except: &[
            "mkbill-core/src/adapter/",
            "mkbill-core/src/billing/",
            "mkbill-core/src/kernel/",
            "mkbill-core/src/schedule/",
            "mkbill-core/src/sql/",
            "mkbill-core/src/testkit/",
            "mkbill-core/src/worker/",
        ],
        limit: Limit::OfOurs(&[
            "mkbill_core::customer::phone::PhoneNumber",
            "mkbill_core::kernel",
            "mkbill_core::plan::Limits",
            "mkbill_core::plan::Prices",
            "mkbill_core::plan::terms::Terms",
            "mkbill_core::subscription::cycle::Period",
            "mkbill_core::{folder}",
        ]),
        why: "an entity knows another feature by its id in `kernel::ids` only; prices, limits, terms, periods and phone numbers are values of all",
    },
    Arrow {
        rule: "sql",
        from: &["mkbill-core/src/"],
        except: &[
            "mkbill-core/src/billing/mod.rs",
            "mkbill-core/src/lib.rs",
            "mkbill-core/src/sql/",
            "mkbill-core/src/testkit/",
        ],
        limit: Limit::Never(&["mkbill_core::sql"]),
        why: "only the builder in `billing/mod.rs` knows the SQL engines",
    },
    Arrow {
        rule: "sqlx",
        from: &[
            "examples/",
            "mkbill-core/src/",
            "mkbill-http/src/",
            "mkbill-py/src/",
            "mkbill-routeros/src/",
        ],
        except: &[
            "mkbill-core/src/billing/mod.rs",
            "mkbill-core/src/sql/",
            "mkbill-core/src/testkit/",
        ],
        limit: Limit::Never(&["sqlx", "jiff_sqlx"]),
        why: "the database driver is named below `mkbill-core/src/sql/` only",
    },
    Arrow {
        rule: "adapter",
        from: &["mkbill-core/src/"],
        except: &["mkbill-core/src/adapter/", "mkbill-core/src/lib.rs"],
        limit: Limit::Never(&["mkbill_core::adapter"]),
        why: "adapters import ports; nothing imports an adapter",
    },
    Arrow {
        rule: "floors",
        from: &["mkbill-core/src/"],
        except: &[
            "mkbill-core/src/billing/",
            "mkbill-core/src/lib.rs",
            "mkbill-core/src/testkit/",
            "mkbill-core/src/worker/",
        ],
        limit: Limit::Never(&[
            "mkbill_core::Billing",
            "mkbill_core::billing",
            "mkbill_core::worker",
        ]),
        why: "use cases do not know who calls them",
    },
    Arrow {
        rule: "floors",
        from: &["mkbill-core/src/billing/"],
        except: &[],
        limit: Limit::Never(&["mkbill_core::worker"]),
        why: "the worker calls billing, never the other way",
    },
    Arrow {
        rule: "proto",
        from: &["mkbill-routeros/src/proto/"],
        except: &[],
        limit: Limit::Only(&[
            "alloc",
            "core",
            "md5",
            "mkbill_routeros::proto",
            "mkbill_routeros::value",
            "std",
            "thiserror",
        ]),
        why: "the protocol knows bytes and time, no socket and no task",
    },
    Arrow {
        rule: "value",
        from: &["mkbill-routeros/src/value/"],
        except: &[],
        limit: Limit::OfOurs(&["mkbill_routeros::value"]),
        why: "the router's notations stand below everything else",
    },
    Arrow {
        rule: "simulator",
        from: &["mkbill-routeros/src/sim/"],
        except: &[],
        limit: Limit::Never(&[
            "mkbill_routeros::client",
            "mkbill_routeros::pool",
            "mkbill_routeros::transport",
        ]),
        why: "the simulator shares only `proto` with the client it tests",
    },
    Arrow {
        rule: "simulator",
        from: &["mkbill-routeros/src/"],
        except: &[
            "mkbill-routeros/src/bin/",
            "mkbill-routeros/src/conformance/",
            "mkbill-routeros/src/lib.rs",
            "mkbill-routeros/src/sim/",
        ],
        limit: Limit::Never(&["mkbill_routeros::sim"]),
        why: "the client does not know the simulator that tests it",
    },
    Arrow {
        rule: "http",
        from: &["mkbill-http/src/", "mkbill-py/src/"],
        except: &["mkbill-http/src/wiring.rs"],
        limit: Limit::Never(&["mkbill_core::sql", "mkbill_core::store"]),
        why: "front ends call `Billing` only",
    },
    Arrow {
        rule: "http",
        from: &["mkbill-http/src/api/", "mkbill-py/src/"],
        except: &[],
        limit: Limit::Never(&["mkbill_routeros"]),
        why: "the interface speaks of logins and vouchers, not of a router's protocol",
    },
    Arrow {
        rule: "crates",
        from: &["mkbill-core/src/"],
        except: &[],
        limit: Limit::Never(&["mkbill_http", "mkbill_py", "mkbill_routeros"]),
        why: "the core knows none of the crates above it",
    },
];

/// Imports may only point down.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust().flat_map(check_file).collect()
}

fn check_file(file: &Source) -> Vec<Violation> {
    let arrows: Vec<_> = ARROWS.iter().filter(|arrow| arrow.binds(&file.path)).collect();
    if arrows.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in named(file).into_iter().filter(|name| !name.in_test) {
        let broken = arrows.iter().filter(|arrow| !arrow.limit.permits(&name, &file.path));
        found.extend(broken.map(|arrow| arrow.violation(file, &name)));
    }
    found
}

impl Arrow {
    fn binds(&self, path: &str) -> bool {
        covers_any(self.from, path) && !covers_any(self.except, path)
    }

    fn violation(&self, file: &Source, name: &Named) -> Violation {
        Violation {
            path: file.path.clone(),
            line: name.line,
            rule: self.rule,
            text: format!("names `{}`: {}", name.path.join("::"), self.why),
        }
    }
}

impl Limit {
    fn permits(&self, name: &Named, file: &str) -> bool {
        let leads_to = |targets: &[&str]| targets.iter().any(|target| leads(name, target, file));
        match self {
            Self::Never(targets) => !leads_to(targets),
            Self::Only(targets) => leads_to(targets),
            Self::OfOurs(targets) => !OURS.contains(&name.path[0].as_str()) || leads_to(targets),
        }
    }
}

/// Whether the path is `target` or lies below it.
fn leads(name: &Named, target: &str, file: &str) -> bool {
    let folder = file.rsplit('/').nth(1).unwrap_or_default();
    let wanted = target.split("::").map(|part| if part == FOLDER { folder } else { part });
    let mut path = name.path.iter();
    wanted.into_iter().all(|part| path.next().is_some_and(|segment| segment == part))
}

fn covers_any(patterns: &[&str], path: &str) -> bool {
    patterns.iter().any(|pattern| covers(pattern, path))
}

fn covers(pattern: &str, path: &str) -> bool {
    if let Some(folder) = pattern.strip_suffix('/') {
        return path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    }
    let (wanted, given) = (pattern.split('/'), path.split('/'));
    wanted.clone().count() == given.clone().count()
        && wanted.zip(given).all(|(part, name)| part == "*" || part == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn the_kernel_imports_nothing_of_ours() {
        assert_eq!(rules("mkbill-core/src/kernel/money.rs", "use crate::plan::Plan;"), ["kernel"]);
        assert!(rules("mkbill-core/src/kernel/money.rs", "use super::ids::PlanId;").is_empty());
    }

    #[test]
    fn an_entity_names_other_features_by_id_only() {
        let entity = "mkbill-core/src/voucher/mod.rs";
        assert_eq!(rules(entity, "use crate::plan::Plan;"), ["entity"]);
        let allowed = "use crate::kernel::ids::PlanId; use crate::voucher::code::Code;";
        assert!(rules(entity, allowed).is_empty());
        assert!(rules("mkbill-core/src/voucher/issue.rs", "use crate::plan::Plan;").is_empty());
    }

    #[test]
    fn only_the_builder_imports_sql() {
        let text = "use crate::sql::engine::Engine;";
        assert_eq!(rules("mkbill-core/src/voucher/issue.rs", text), ["sql"]);
        assert!(rules("mkbill-core/src/billing/mod.rs", text).is_empty());
    }

    #[test]
    fn the_driver_is_named_in_sql_only() {
        let text = "fn f() { sqlx::query(TEXT); }";
        assert_eq!(rules("mkbill-core/src/worker/deliver.rs", text), ["sqlx"]);
        assert_eq!(rules("mkbill-http/src/state.rs", text), ["sqlx"]);
        assert!(rules("mkbill-core/src/sql/voucher.rs", text).is_empty());
    }

    #[test]
    fn nothing_imports_an_adapter() {
        let text = "use crate::adapter::smtp::Smtp;";
        assert_eq!(rules("mkbill-core/src/notice/compose.rs", text), ["adapter"]);
    }

    #[test]
    fn floors_point_down() {
        let use_case = "mkbill-core/src/voucher/issue.rs";
        assert_eq!(rules(use_case, "use crate::billing::Billing;"), ["floors"]);
        assert_eq!(rules(use_case, "use crate::Billing;"), ["floors"]);
        assert_eq!(
            rules("mkbill-core/src/billing/tick.rs", "use crate::worker::Worker;"),
            ["floors"]
        );
        assert!(rules("mkbill-core/src/worker/mod.rs", "use crate::billing::Billing;").is_empty());
    }

    #[test]
    fn the_protocol_knows_no_socket_and_no_task() {
        let file = "mkbill-routeros/src/proto/session.rs";
        assert_eq!(rules(file, "use tokio::net::TcpStream;"), ["proto"]);
        assert_eq!(rules(file, "use crate::client::Client;"), ["proto"]);
        assert!(
            rules(file, "use std::fmt; use super::word::Word; use thiserror::Error;").is_empty()
        );
    }

    #[test]
    fn notations_stand_below_the_protocol() {
        assert_eq!(
            rules("mkbill-routeros/src/value/size.rs", "use crate::proto::Word;"),
            ["value"]
        );
    }

    #[test]
    fn client_and_simulator_do_not_know_each_other() {
        assert_eq!(
            rules("mkbill-routeros/src/sim/server.rs", "use crate::client::Client;"),
            ["simulator"]
        );
        assert_eq!(rules("mkbill-routeros/src/client.rs", "use crate::sim::Fault;"), ["simulator"]);
    }

    #[test]
    fn front_ends_know_neither_stores_nor_router_words() {
        let handler = "mkbill-http/src/api/vouchers.rs";
        assert_eq!(rules(handler, "use mkbill_core::store::Tx;"), ["http"]);
        assert_eq!(rules(handler, "use mkbill_routeros::client::Client;"), ["http"]);
        assert!(
            rules("mkbill-http/src/state.rs", "use mkbill_routeros::client::Client;").is_empty()
        );
    }

    #[test]
    fn the_core_knows_no_crate_above_it() {
        assert_eq!(
            rules("mkbill-core/src/worker/mod.rs", "use mkbill_routeros::Client;"),
            ["crates"]
        );
    }

    #[test]
    fn test_modules_are_free() {
        let text = "#[cfg(test)] mod tests { use crate::testkit::World; }";
        assert!(rules("mkbill-core/src/kernel/money.rs", text).is_empty());
    }
}
