//! The objects of one menu: numbers, names and values.

use std::collections::{BTreeMap, HashMap};

use crate::value::Version;

use super::{
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
    ids: IdSource,
}

#[derive(Debug)]
struct Object {
    cells: Box<[Option<Vec<u8>>]>,
    removable: bool,
}

impl Table {
    /// The table as it leaves the factory.
    pub(super) fn new(menu: &'static Menu, version: Version) -> Self {
        let highest = menu.built_in.iter().map(|object| object.id).max();
        let mut table = Self {
            menu,
            version,
            objects: BTreeMap::new(),
            names: HashMap::new(),
            ids: IdSource::starting_at(highest.unwrap_or(0) + 1),
        };
        for built_in in menu.built_in {
            let id = ObjectId(built_in.id);
            table.place(id, built_in.removable);
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
            if let (Kind::Reference(menu, word), Some(target)) = (column.kind, &held) {
                let is_word = !word.is_empty() && target == word.as_bytes();
                if !is_word && !knows(menu, target) {
                    return Err(Refusal::no_match(column.name));
                }
            }
            Ok((place, held))
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
            .find(|column| column.kind == Kind::Name && !holds(column.name));
        if let Some(column) = missing {
            return Err(Refusal::missing_value(column.name));
        }
        self.refuse_duplicate(None, &changes)?;
        let id = self.ids.take();
        self.place(id, true);
        self.update(id, changes);
        Ok(id)
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
        if !object.removable {
            return Err(Refusal::built_in(id));
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
            if !matches!(column.kind, Kind::Reference(target, _) if target == menu) {
                continue;
            }
            let cells = self.objects.values_mut().map(|object| &mut object.cells[place]);
            for cell in cells.filter(|cell| cell.as_deref() == Some(old)) {
                *cell = Some(new.to_vec());
            }
        }
    }

    /// Gives every object but the built-in ones a new number, in the old order.
    pub(super) fn renumber(&mut self) {
        let old = std::mem::take(&mut self.objects);
        self.names.clear();
        for (id, object) in old {
            let id = if object.removable { self.ids.take() } else { id };
            self.objects.insert(id, object);
            self.enter_name(id);
        }
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

    fn place(&mut self, id: ObjectId, removable: bool) {
        let default = |column: &Column| column.default.map(|text| text.as_bytes().to_vec());
        let cells = self.menu.columns.iter().map(default).collect();
        self.objects.insert(id, Object { cells, removable });
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
