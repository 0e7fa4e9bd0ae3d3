/*-------------------------------------------------------------------------
 *
 * run_read.c
 *	  Reading runs of an inverted index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "inverted/run.h"

/* ---------- validation ---------- */

static int
count_segments(const MMInverted *inv, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	int			n = MMPageGetSpecial(page)->n;

	if (MMPageGetSpecial(page)->level != 0 ||
		(char *) (PageGetSegments(page) + n) - (char *) page != ((PageHeader) page)->pd_lower)
		mm_report_damage(inv->index, "Block %u is no leaf of %d lists.",
						 BufferGetBlockNumber(buffer), n);
	return n;
}

static void
check_segment(const MMInverted *inv, Buffer buffer, const MMSegment *segment)
{
	const PageHeaderData *header = (PageHeader) BufferGetPage(buffer);

	if (segment->offset < header->pd_upper ||
		segment->offset + segment->length > header->pd_special)
		mm_report_damage(inv->index, "Block %u has a list that is not where it may be.",
						 BufferGetBlockNumber(buffer));
}

void
mm_leaf_check(const MMInverted *inv, Buffer buffer)
{
	int			n = count_segments(inv, buffer);
	const MMSegment *segments = PageGetSegments(BufferGetPage(buffer));

	for (int i = 0; i < n; i++)
	{
		check_segment(inv, buffer, &segments[i]);
		if (i > 0 && mm_key_compare(segments[i - 1].token, segments[i - 1].size_class,
									segments[i].token, segments[i].size_class) >= 0)
			mm_report_damage(inv->index, "The lists of block %u are not in order.",
							 BufferGetBlockNumber(buffer));
	}
}

static int
count_downlinks(const MMInverted *inv, Buffer buffer, int level)
{
	Page		page = BufferGetPage(buffer);
	int			n = MMPageGetSpecial(page)->n;

	if (MMPageGetSpecial(page)->level != level || n < 1 ||
		(char *) (PageGetDownlinks(page) + n) - (char *) page != ((PageHeader) page)->pd_lower)
		mm_report_damage(inv->index, "Block %u is no page of level %d with %d downlinks.",
						 BufferGetBlockNumber(buffer), level, n);
	return n;
}

void
mm_directory_check(const MMInverted *inv, Buffer buffer, int level)
{
	int			n = count_downlinks(inv, buffer, level);
	const MMDownlink *items = PageGetDownlinks(BufferGetPage(buffer));

	for (int i = 1; i < n; i++)
		if (mm_key_compare(items[i - 1].token, items[i - 1].size_class,
						   items[i].token, items[i].size_class) > 0)
			mm_report_damage(inv->index, "The downlinks of block %u are not in order.",
							 BufferGetBlockNumber(buffer));
}

/* ---------- one list ---------- */

/*
 * Go down to the leaf where a list begins, if there is that list.  Returns the
 * leaf locked.  *more becomes the number of further leaves that have postings of
 * the list, as far as one page of the directory tells.
 */
static Buffer
find_leaf(const MMInverted *inv, const MMRun *run, uint32 token, int size_class, int *more)
{
	BlockNumber block = run->root;

	for (int level = run->level; level > 0; level--)
	{
		Buffer		buffer = mm_inverted_read(inv, block, BUFFER_LOCK_SHARE, MM_PAGE_DIRECTORY,
											  run->stamp, NULL);
		const MMDownlink *items = PageGetDownlinks(BufferGetPage(buffer));
		int			n = count_downlinks(inv, buffer, level);
		int			low = 0;
		int			high = n;

		/* The last downlink that is less, or else the first one. */
		while (high - low > 1)
		{
			int			middle = (low + high) / 2;

			if (mm_key_compare(items[middle].token, items[middle].size_class,
							   token, size_class) < 0)
				low = middle;
			else
				high = middle;
		}
		block = items[low].child;
		for (*more = 0; high < n; high++, ++*more)
			if (items[high].token != token || items[high].size_class != (uint32) size_class)
				break;
		UnlockReleaseBuffer(buffer);
	}
	return mm_inverted_read(inv, block, BUFFER_LOCK_SHARE, MM_PAGE_POSTINGS, run->stamp, NULL);
}

/*
 * The first segment of a leaf that is not less than a key; their number if
 * there is none.
 */
static int
find_segment(const MMSegment *segments, int n, uint32 token, int size_class)
{
	int			low = 0;

	while (low < n)
	{
		int			middle = (low + n) / 2;

		if (mm_key_compare(segments[middle].token, segments[middle].size_class,
						   token, size_class) < 0)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/*
 * Take what a leaf, which is locked, has of a list.  If the leaf ends before
 * the list's key, or with it, the next leaf may have more.
 */
static void
take_segment(MMList *list, Buffer buffer)
{
	Page		page = BufferGetPage(buffer);
	const MMSegment *segments = PageGetSegments(page);
	uint32		token = MM_POSTING_TOKEN(list->key);
	int			size_class = MM_POSTING_CLASS(list->key);
	int			n = count_segments(list->inv, buffer);
	int			i = find_segment(segments, n, token, size_class);
	const MMSegment *segment = &segments[i];

	list->chunk = (MMDecoder) {.at = list->bytes, .end = list->bytes};
	list->next = i >= n - 1 ? MMPageGetSpecial(page)->right : InvalidBlockNumber;
	if (i == n)
		return;
	if (segment->token != token || segment->size_class != size_class)
	{
		list->next = InvalidBlockNumber;
		return;
	}
	check_segment(list->inv, buffer, segment);
	if (list->room < segment->length)
	{
		if (list->bytes != NULL)
			pfree(list->bytes);
		list->room = Min(BLCKSZ, (Size) segment->length * 2);
		list->bytes = palloc(list->room);
	}
	memcpy(list->bytes, (char *) page + segment->offset, segment->length);
	list->chunk = (MMDecoder) {.at = list->bytes, .end = list->bytes + segment->length};
}

bool
mm_list_next_page(MMList *list)
{
	for (;;)
	{
		Buffer		buffer;

		if (list->chunk.end == NULL && list->bytes != NULL)
			mm_report_damage(list->inv->index, "A list of token %u has invalid postings.",
							 MM_POSTING_TOKEN(list->key));
		if (!BlockNumberIsValid(list->next))
			return false;
		CHECK_FOR_INTERRUPTS();
		if (list->pages++ > list->run->pages)
			mm_report_damage(list->inv->index, "Links to the right of block %u lead in a circle.",
							 list->next);
		buffer = mm_inverted_read(list->inv, list->next, BUFFER_LOCK_SHARE, MM_PAGE_POSTINGS,
								  list->run->stamp, NULL);
		take_segment(list, buffer);
		UnlockReleaseBuffer(buffer);
		if (mm_decode(&list->chunk))
			return true;
	}
}

bool
mm_list_open(MMList *list, const MMInverted *inv, const MMRun *run, uint32 token, int size_class)
{
	Buffer		buffer;
	int			more = 0;

	list->inv = inv;
	list->run = run;
	list->key = MM_POSTING_KEY(token, size_class);
	list->pages = 1;
	buffer = find_leaf(inv, run, token, size_class, &more);
	take_segment(list, buffer);
	UnlockReleaseBuffer(buffer);
	list->length = ((list->chunk.end - list->chunk.at) + (int64) more * MM_INVERTED_ROOM) /
		(int64) sizeof(uint16);
	return mm_list_next(list);
}

/* ---------- all lists ---------- */

typedef struct RunScan
{
	MMPostings	postings;
	const MMInverted *inv;
	const MMRun *run;
	BufferAccessStrategy strategy;
	BlockNumber next;
	uint32		pages;
	int			n;				/* segments of the page at hand */
	int			segment;		/* the next one */
	uint64		key;
	MMDecoder	chunk;
	int			i;				/* the next posting of that */
	PGAlignedBlock page;
} RunScan;

/*
 * Go on to the next leaf.  Returns false if there is none.
 */
static bool
scan_leaf(RunScan *scan)
{
	Buffer		buffer;

	if (!BlockNumberIsValid(scan->next))
		return false;
	CHECK_FOR_INTERRUPTS();
	if (scan->pages++ > scan->run->pages)
		mm_report_damage(scan->inv->index, "Links to the right of block %u lead in a circle.",
						 scan->next);
	buffer = mm_inverted_read(scan->inv, scan->next, BUFFER_LOCK_SHARE, MM_PAGE_POSTINGS,
							  scan->run->stamp, scan->strategy);
	mm_leaf_check(scan->inv, buffer);
	memcpy(scan->page.data, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	scan->n = MMPageGetSpecial(scan->page.data)->n;
	scan->segment = 0;
	scan->next = MMPageGetSpecial(scan->page.data)->right;
	return true;
}

static bool
scan_next(MMPostings *postings, MMPosting *posting)
{
	RunScan    *scan = (RunScan *) postings;

	while (scan->i == scan->chunk.n)
	{
		scan->i = 0;
		if (mm_decode(&scan->chunk))
			break;
		if (scan->chunk.end == NULL && scan->segment > 0)
			mm_report_damage(scan->inv->index, "A list of token %u has invalid postings.",
							 MM_POSTING_TOKEN(scan->key));
		scan->chunk.n = 0;
		while (scan->segment == scan->n)
			if (!scan_leaf(scan))
				return false;
		{
			const MMSegment *segment = &PageGetSegments(scan->page.data)[scan->segment++];
			const uint8 *bytes = (uint8 *) scan->page.data + segment->offset;

			scan->key = MM_POSTING_KEY(segment->token, segment->size_class);
			scan->chunk = (MMDecoder) {.at = bytes, .end = bytes + segment->length};
		}
	}
	posting->key = scan->key;
	posting->place = mm_decoded_place(&scan->chunk, scan->i++);
	return true;
}

MMPostings *
mm_run_scan(const MMInverted *inv, const MMRun *run, BufferAccessStrategy strategy)
{
	RunScan    *scan = palloc0(sizeof(RunScan));

	scan->postings.next = scan_next;
	scan->inv = inv;
	scan->run = run;
	scan->strategy = strategy;
	scan->next = run->first;
	return &scan->postings;
}
