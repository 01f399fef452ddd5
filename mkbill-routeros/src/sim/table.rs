//! The objects of one menu: numbers, names and values.

use std::collections::{BTreeMap, HashMap};

use crate::value::Version;

use super::{
    agenda::Guest,
    id::{IdSource, ObjectId},
    record::Record,
    refusal::Refusal,
    schema::{Access, Column, Kind, Menu},
};

const MASKED: &[u8] = b"*****";

/// Whether a print shows passwords as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    Shown,
    Masked,
}

/// Values to write, each with the place of its column; `None` lets the property vanish.
pub(super) type Changes = Vec<(usize, Option<Vec<u8>>)>;

#[derive(Debug)]
pub(super) struct Table {
    menu: &'static Menu,
    version: Version,
    objects: BTreeMap<ObjectId, Object>,
    names: HashMap<Vec<u8>, Vec<ObjectId>>,
    /// The objects that the router made for each customer online.
    made_for: HashMap<Guest, Vec<ObjectId>>,
    ids: IdSource,
}

#[derive(Debug)]
struct Object {
    cells: Box<[Option<Vec<u8>>]>,
    origin: Origin,
}

/// Where an object comes from, and so who may remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    BuiltIn,
    Written,
    /// The router made it for a customer who is online.
    MadeFor(Guest),
}

/// Built-in objects from here on have numbers of their own, far from those that are handed out.
const RESERVED: u32 = 0xF000_0000;

impl Table {
    /// The table as it leaves the factory.
    pub(super) fn new(menu: &'static Menu, version: Version) -> Self {
        let numbers = menu.built_in.iter().map(|object| object.id);
        let highest = numbers.filter(|number| *number < RESERVED).max();
        let mut table = Self {
            menu,
            version,
            objects: BTreeMap::new(),
            names: HashMap::new(),
            made_for: HashMap::new(),
            ids: IdSource::starting_at(highest.unwrap_or(0) + 1),
        };
        for built_in in menu.built_in {
            let id = ObjectId(built_in.id);
            let origin = if built_in.removable { Origin::Written } else { Origin::BuiltIn };
            table.place(id, origin);
            for (name, value) in built_in.values {
                if let Some(place) = table.place_of(name) {
                    let value = table.column(place).of_factory(value, version);
                    table.put_at(id, place, Some(value));
                }
            }
        }
        table
    }

    pub(super) fn menu(&self) -> &'static Menu {
        self.menu
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Turns `name=value` pairs into checked changes. `knows` tells whether a menu holds an object of that name.
    pub(super) fn checked<'a>(
        &self,
        pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        knows: impl Fn(&str, &[u8]) -> bool,
    ) -> Result<Changes, Refusal> {
        let check = |(name, value): (&'a [u8], &'a [u8])| {
            let (place, column) =
                self.writable(name).ok_or_else(|| Refusal::unknown_parameter(name))?;
            let held = column.normalised(value, self.version)?;
            let target = held.as_deref().filter(|target| !target.is_empty());
            let referred = target.and_then(|target| Some((column.kind.referred(target)?, target)));
            match referred {
                Some((menu, target)) if !knows(menu, target) => Err(match column.kind {
                    Kind::AddressOrPool => Refusal::invalid_value(column.name),
                    _ => Refusal::no_match(column.name),
                }),
                _ => Ok((place, held)),
            }
        };
        pairs.into_iter().map(check).collect()
    }

    /// Adds an object with defaults for all that `changes` do not name.
    pub(super) fn insert(&mut self, changes: Changes) -> Result<ObjectId, Refusal> {
        let holds = |name: &str| changes.iter().any(|(place, _)| self.column(*place).name == name);
        let missing = self
            .menu
            .columns
            .iter()
            .find(|column| column.kind.is_required() && !holds(column.name));
        if let Some(column) = missing {
            return Err(Refusal::missing_value(column.name));
        }
        self.refuse_duplicate(None, &changes)?;
        let id = self.ids.take();
        self.place(id, Origin::Written);
        self.update(id, changes);
        Ok(id)
    }

    /// Adds an object that lasts as long as a customer is online, without any check.
    pub(super) fn make(
        &mut self,
        guest: Guest,
        values: impl IntoIterator<Item = (&'static str, Vec<u8>)>,
    ) -> ObjectId {
        let id = self.ids.take();
        self.place(id, Origin::MadeFor(guest));
        self.put(id, "dynamic", Some(b"true".to_vec()));
        for (column, value) in values {
            self.put(id, column, Some(value));
        }
        self.made_for.entry(guest).or_default().push(id);
        id
    }

    /// Removes what was made for a customer. Gives the numbers of the removed objects.
    pub(super) fn unmake(&mut self, guest: Guest) -> Vec<ObjectId> {
        let made = self.made_for.remove(&guest).unwrap_or_default();
        for id in &made {
            self.unname(*id);
            self.objects.remove(id);
        }
        made
    }

    /// Removes what was made for any customer.
    pub(super) fn unmake_all(&mut self) {
        let guests: Vec<Guest> = self.made_for.keys().copied().collect();
        for guest in guests {
            self.unmake(guest);
        }
    }

    /// The customer for whom the router made an object.
    pub(super) fn made_for(&self, id: ObjectId) -> Option<Guest> {
        match self.objects.get(&id)?.origin {
            Origin::MadeFor(guest) => Some(guest),
            Origin::BuiltIn | Origin::Written => None,
        }
    }

    /// `<base>` or, when objects have such names already, the first free one of `<base-1>`, `<base-2>` and so on.
    pub(super) fn free_name(&self, base: &str) -> String {
        let names = std::iter::once(format!("<{base}>"))
            .chain((1_u32..).map(|number| format!("<{base}-{number}>")));
        let mut free = names.filter(|name| self.named(name.as_bytes()).is_empty());
        free.next().unwrap_or_default()
    }

    /// Refuses when the object (a new one for `None`) would agree with another one after these changes.
    pub(super) fn refuse_duplicate(
        &self,
        id: Option<ObjectId>,
        changes: &Changes,
    ) -> Result<(), Refusal> {
        let Some(name) = self.menu.unique.first() else {
            return Ok(());
        };
        let after = |column: &str| -> Option<&[u8]> {
            let place = self.place_of(column)?;
            match (changes.iter().rfind(|(changed, _)| *changed == place), id) {
                (Some((_, value)), _) => value.as_deref(),
                (None, Some(id)) => self.text(id, column),
                (None, None) => self.column(place).default.map(str::as_bytes),
            }
        };
        let twins = after(name).and_then(|name| self.names.get(name));
        let is_twin = |other: &ObjectId| {
            Some(*other) != id
                && self.menu.unique.iter().all(|column| self.text(*other, column) == after(column))
        };
        if twins.is_some_and(|twins| twins.iter().any(is_twin)) {
            return Err(Refusal::new(self.menu.duplicate));
        }
        Ok(())
    }

    /// Writes checked changes.
    pub(super) fn update(&mut self, id: ObjectId, changes: Changes) {
        for (place, value) in changes {
            self.put_at(id, place, value);
        }
    }

    /// Writes one cell without any check: how the router itself counts and stamps.
    pub(super) fn put(&mut self, id: ObjectId, column: &str, value: Option<Vec<u8>>) {
        if let Some(place) = self.place_of(column) {
            self.put_at(id, place, value);
        }
    }

    pub(super) fn remove(&mut self, id: ObjectId) -> Result<(), Refusal> {
        let object = self.objects.get(&id).ok_or_else(Refusal::no_such_item)?;
        match object.origin {
            Origin::Written => {}
            Origin::BuiltIn => return Err(Refusal::built_in(id)),
            Origin::MadeFor(_) => return Err(Refusal::dynamic(id)),
        }
        self.unname(id);
        self.objects.remove(&id);
        Ok(())
    }

    /// Finds an object by its number or, in menus with names, by its name.
    pub(super) fn find(&self, target: &[u8]) -> Option<ObjectId> {
        ObjectId::parse(target)
            .filter(|id| self.objects.contains_key(id))
            .or_else(|| self.named(target).first().copied())
    }

    /// All objects of that name, oldest first.
    pub(super) fn named(&self, name: &[u8]) -> &[ObjectId] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn text(&self, id: ObjectId, column: &str) -> Option<&[u8]> {
        let place = self.place_of(column)?;
        self.objects.get(&id)?.cells[place].as_deref()
    }

    pub(super) fn name(&self, id: ObjectId) -> Option<&[u8]> {
        self.text(id, self.menu.unique.first()?)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ObjectId> {
        self.objects.keys().copied()
    }

    pub(super) fn records(&self, secrets: Secrets) -> impl Iterator<Item = Record<'_>> {
        self.objects.iter().map(move |(id, object)| self.shown(*id, object, secrets))
    }

    pub(super) fn record(&self, id: ObjectId, secrets: Secrets) -> Option<Record<'_>> {
        let object = self.objects.get(&id)?;
        Some(self.shown(id, object, secrets))
    }

    /// All that is stored about an object, passwords included.
    pub(super) fn cells(&self, id: ObjectId) -> impl Iterator<Item = (&'static str, &[u8])> {
        let cells = self.objects.get(&id).into_iter().flat_map(|object| &object.cells);
        let columns = self.menu.columns.iter();
        columns.zip(cells).filter_map(|(column, cell)| Some((column.name, cell.as_deref()?)))
    }

    /// Every value of this release that commands may write, with its column.
    pub(super) fn settings(&self, id: ObjectId) -> impl Iterator<Item = (&'static Column, &[u8])> {
        let cells = self.objects.get(&id).into_iter().flat_map(|object| &object.cells);
        let columns = self.menu.columns.iter();
        columns.zip(cells).filter_map(|(column, cell)| {
            let is_setting = column.access == Access::Write && column.exists_in(self.version);
            Some((column, cell.as_deref()?)).filter(|_| is_setting)
        })
    }

    /// Whether commands may write to a column of that name.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.writable(name.as_bytes()).is_some()
    }

    pub(super) fn contains(&self, id: ObjectId) -> bool {
        self.objects.contains_key(&id)
    }

    /// Every value that commands may write, as changes for another object.
    pub(super) fn writable_cells(&self, id: ObjectId) -> Changes {
        let cells = self.objects.get(&id).into_iter().flat_map(|object| &object.cells);
        let columns = self.menu.columns.iter().enumerate();
        columns
            .zip(cells)
            .filter(|((_, column), _)| column.access != Access::Read)
            .map(|((place, _), cell)| (place, cell.clone()))
            .collect()
    }

    /// Writes `new` wherever a reference to that menu says `old`.
    pub(super) fn redirect(&mut self, menu: &str, old: &[u8], new: &[u8]) {
        for (place, column) in self.menu.columns.iter().enumerate() {
            if column.kind.referred(old) != Some(menu) {
                continue;
            }
            let cells = self.objects.values_mut().map(|object| &mut object.cells[place]);
            for cell in cells.filter(|cell| cell.as_deref() == Some(old)) {
                *cell = Some(new.to_vec());
            }
        }
    }

    /// Gives every object but the built-in ones a new number, in the old order. Gives the new number of each.
    pub(super) fn renumber(&mut self) -> HashMap<ObjectId, ObjectId> {
        let old = std::mem::take(&mut self.objects);
        self.names.clear();
        let mut renumbered = HashMap::new();
        for (old_id, object) in old {
            let id = if object.origin == Origin::BuiltIn { old_id } else { self.ids.take() };
            renumbered.insert(old_id, id);
            self.objects.insert(id, object);
            self.enter_name(id);
        }
        for id in self.made_for.values_mut().flatten() {
            *id = renumbered[id];
        }
        renumbered
    }

    /// Whether a command may write to this column in this release.
    fn writable(&self, name: &[u8]) -> Option<(usize, &'static Column)> {
        self.menu.columns.iter().enumerate().find(|(_, column)| {
            column.name.as_bytes() == name
                && column.access != Access::Read
                && column.exists_in(self.version)
        })
    }

    fn shown<'a>(&'a self, id: ObjectId, object: &'a Object, secrets: Secrets) -> Record<'a> {
        let mut record = Record::of(id);
        for (column, cell) in self.menu.columns.iter().zip(&object.cells) {
            let Some(value) = cell else { continue };
            let is_masked = secrets == Secrets::Masked && column.kind == Kind::Secret;
            if column.access != Access::Blind && column.exists_in(self.version) {
                record.push(column.name, if is_masked { MASKED } else { value });
            }
        }
        record
    }

    fn place(&mut self, id: ObjectId, origin: Origin) {
        let cells = self.menu.columns.iter().map(|column| column.initial(self.version)).collect();
        self.objects.insert(id, Object { cells, origin });
    }

    fn put_at(&mut self, id: ObjectId, place: usize, value: Option<Vec<u8>>) {
        let is_name = self.menu.unique.first() == Some(&self.column(place).name);
        if is_name {
            self.unname(id);
        }
        if let Some(object) = self.objects.get_mut(&id) {
            object.cells[place] = value;
        }
        if is_name {
            self.enter_name(id);
        }
    }

    fn enter_name(&mut self, id: ObjectId) {
        if let Some(name) = self.name(id).map(<[u8]>::to_vec) {
            self.names.entry(name).or_default().push(id);
        }
    }

    fn unname(&mut self, id: ObjectId) {
        let Some(name) = self.name(id).map(<[u8]>::to_vec) else {
            return;
        };
        if let Some(ids) = self.names.get_mut(&name) {
            ids.retain(|held| *held != id);
            if ids.is_empty() {
                self.names.remove(&name);
            }
        }
    }

    fn place_of(&self, column: &str) -> Option<usize> {
        self.menu.columns.iter().position(|held| held.name == column)
    }

    fn column(&self, place: usize) -> &'static Column {
        &self.menu.columns[place]
    }
}
