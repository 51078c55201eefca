//! The pages that are no longer as the table was built.
//!
//! All pages that a delta changes are copied to one segment, which the states after it share. Where pages are is a list
//! of numbers that is copied for each delta: eight bytes for each page of 1 KB. Small segments are put together, so that
//! there are never many, and when they hold three quarters of what the base does, all becomes a new base.

use super::{Line, PAGE_LINES, Slab, in_base};
use std::sync::Arc;

/// Where a page is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    start: u32,
    /// Lines, none if it is in the base, and in the highest bits the number of the segment.
    lines: u32,
}

const LINES_BITS: u32 = 24;
/// A page has fewer lines.
pub(super) const MAX_LINES: usize = 1 << LINES_BITS;

impl Place {
    fn of(segment: usize, start: usize, lines: usize) -> Self {
        debug_assert!(lines < MAX_LINES && segment < 1 << (32 - LINES_BITS));
        Self {
            start: start as u32,
            lines: (segment as u32) << LINES_BITS | lines as u32,
        }
    }

    /// Whether it is not in the base.
    #[inline]
    pub(super) fn is_changed(self) -> bool {
        self.lines != 0
    }

    #[inline]
    fn lines(self) -> usize {
        (self.lines & ((1 << LINES_BITS) - 1)) as usize
    }

    #[inline]
    fn segment(self) -> usize {
        (self.lines >> LINES_BITS) as usize
    }
}

/// Pages one after the other.
#[derive(Debug)]
struct Segment {
    slab: Slab,
    used: usize,
    /// The pages with their first lines. Some may be elsewhere by now.
    pages: Vec<(u32, u32)>,
}

impl Segment {
    fn with_capacity(lines: usize) -> Self {
        Self {
            slab: Slab::zeroed(lines),
            used: 0,
            pages: Vec::new(),
        }
    }

    /// Appends a page; says where it begins.
    fn push(&mut self, number: usize, page: &[Line]) -> usize {
        let (start, end) = (self.used, self.used + page.len());
        if end > self.slab.lines().len() {
            let mut larger = Slab::zeroed((end * 2).next_multiple_of(PAGE_LINES));
            larger.lines_mut()[..start].copy_from_slice(&self.slab.lines()[..start]);
            self.slab = larger;
        }
        self.slab.lines_mut()[start..end].copy_from_slice(page);
        self.used = end;
        self.pages.push((number as u32, start as u32));
        start
    }
}

/// Where the pages of a table are. A clone shares the segments.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    places: Vec<Place>,
    /// Each more than twice as large as the next, but for the last two.
    segments: Vec<Arc<Segment>>,
    /// Pages with more lines than they were made with.
    grown: usize,
    /// How many lines the next segment will have, as far as that is known.
    expected_lines: usize,
}

impl Changes {
    /// All pages are in the base.
    pub(super) fn none(pages: usize) -> Self {
        Self {
            places: vec![Place::default(); pages],
            segments: Vec::new(),
            grown: 0,
            expected_lines: 0,
        }
    }

    /// To be told before so many entries change. A record that changes is removed from a page and added to it again; should
    /// there be more pages than that, the segment grows, for the price of copying it.
    pub(super) fn expect(&mut self, number: usize) {
        self.expected_lines = number.div_ceil(2).min(self.places.len()) * PAGE_LINES;
    }

    /// Where each page is.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    pub(super) fn grown(&self) -> usize {
        self.grown
    }

    #[cfg(test)]
    pub(super) fn num_segments(&self) -> usize {
        self.segments.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let segments = self.segments.iter();
        let segments = segments.map(|segment| segment.slab.memory_bytes() + segment.pages.capacity() * 8);
        self.places.capacity() * size_of::<Place>() + segments.sum::<usize>()
    }

    /// The page, unless it is in the base.
    #[inline]
    pub(super) fn page(&self, number: usize) -> Option<&[Line]> {
        let place = *self.places.get(number)?;
        if place.lines() == 0 {
            return None;
        }
        let start = place.start as usize;
        let segment = self.segments.get(place.segment())?;
        segment.slab.lines().get(start..start + place.lines())
    }

    /// The last segment, if this is the only one that has it, and its number.
    fn open(&mut self) -> Option<(usize, &mut Segment)> {
        let number = self.segments.len().checked_sub(1)?;
        Some((number, Arc::get_mut(self.segments.last_mut()?)?))
    }

    /// The page to be changed; `page` is what it is if it is in the base.
    pub(super) fn page_mut(&mut self, number: usize, page: &[Line]) -> &mut [Line] {
        let place = self.places[number];
        let is_open = |(open, _): (usize, &mut Segment)| place.lines() > 0 && open == place.segment();
        if !self.open().is_some_and(is_open) {
            match self.page(number).map(<[Line]>::to_vec) {
                Some(page) => self.put_page(number, &page),
                None => self.put_page(number, page),
            }
        }
        let place = self.places[number];
        let start = place.start as usize;
        let (_, segment) = self.open().expect("the page was just put there");
        &mut segment.slab.lines_mut()[start..start + place.lines()]
    }

    /// Makes these lines a page.
    pub(super) fn put_page(&mut self, number: usize, page: &[Line]) {
        if self.open().is_none() {
            self.put_together();
            let lines = self.expected_lines.max(4 * PAGE_LINES);
            self.segments.push(Arc::new(Segment::with_capacity(lines)));
        }
        let was_grown = self.places[number].lines() > PAGE_LINES;
        self.grown += usize::from(page.len() > PAGE_LINES);
        self.grown -= usize::from(was_grown);
        let (open, segment) = self.open().expect("a new one is not shared");
        let start = segment.push(number, page);
        self.places[number] = Place::of(open, start, page.len());
    }

    /// The pages of a segment that are still there.
    fn pages_of(&self, number: usize) -> impl Iterator<Item = (usize, &[Line])> {
        let pages = self.segments[number].pages.iter();
        pages.filter_map(move |&(page, start)| {
            let place = self.places[page as usize];
            let here = place.lines() > 0 && place.segment() == number && place.start == start;
            Some((page as usize, self.page(page as usize).filter(|_| here)?))
        })
    }

    /// Makes one of the last segments as long as one is not much larger than the next.
    fn put_together(&mut self) {
        let mut from = self.segments.len();
        let mut lines = 0;
        while let Some(before) = from.checked_sub(1)
            && (from == self.segments.len() || self.segments[before].used <= 2 * lines)
        {
            lines += self.segments[before].used;
            from = before;
        }
        if self.segments.len() - from > 1 {
            self.gather(from);
        }
    }

    /// Puts the pages of all segments from this one on together.
    fn gather(&mut self, from: usize) {
        let numbers = from..self.segments.len();
        let lines = numbers.clone().flat_map(|number| self.pages_of(number));
        let mut segment = Segment::with_capacity(lines.map(|(_, page)| page.len()).sum());
        let mut moved = Vec::new();
        for number in numbers {
            for (at, page) in self.pages_of(number) {
                moved.push((at, Place::of(from, segment.push(at, page), page.len())));
            }
        }
        self.segments.truncate(from);
        self.segments.push(Arc::new(segment));
        moved.into_iter().for_each(|(at, place)| self.places[at] = place);
    }

    /// Whether segments hold so much that there should be a new base.
    pub(super) fn is_due(&self, base: &Slab) -> bool {
        let used: usize = self.segments.iter().map(|segment| segment.used).sum();
        used * 4 > base.lines().len() * 3
    }

    /// A new base with the pages of this one that did not grow, and where the others are.
    pub(super) fn merge(&self, base: &Slab) -> (Slab, Option<Self>) {
        let mut slab = Slab::zeroed(base.lines().len());
        let mut others = Self::none(self.places.len());
        for (number, to) in slab.lines_mut().chunks_exact_mut(PAGE_LINES).enumerate() {
            let page = self.page(number).unwrap_or_else(|| in_base(base, number));
            match page.len() {
                PAGE_LINES => to.copy_from_slice(page),
                _ => others.put_page(number, page),
            }
        }
        (slab, Some(others).filter(|others| others.grown > 0))
    }
}
