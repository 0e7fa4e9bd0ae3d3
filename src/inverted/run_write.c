/*-------------------------------------------------------------------------
 *
 * run_write.c
 *	  Writing runs of an inverted index.
 *
 * Leaves are filled from left to right.  Each names the next one, so the next
 * page is taken, and made an empty leaf, in the WAL record that writes a leaf.
 * No lock is held in between.  The directory is written at the end, from below.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "inverted/run.h"

typedef struct Downlinks
{
	int64		n;
	int64		allocated;
	MMDownlink *items;
} Downlinks;

struct MMRunWriter
{
	const MMInverted *inv;
	bool		logged;
	MMRun		run;
	BlockNumber block;			/* of the leaf being filled */
	bool		some;			/* there was a posting */
	MMPosting	last;			/* which is this */
	int			nsegments;
	int			before;			/* bytes of all segments but the last */
	MMEncoder	encoder;		/* of the last */
	Downlinks	leaves;
	MMSegment	segments[MM_INVERTED_ROOM / sizeof(MMSegment)];
	uint8		bytes[BLCKSZ];	/* of all segments */
};

static void
add_downlink(Downlinks *downlinks, uint64 key, BlockNumber child)
{
	if (downlinks->n == downlinks->allocated)
	{
		downlinks->allocated = Max(downlinks->allocated * 2, 64);
		downlinks->items = downlinks->items == NULL ?
			palloc(sizeof(MMDownlink) * downlinks->allocated) :
			repalloc_huge(downlinks->items, sizeof(MMDownlink) * downlinks->allocated);
	}
	downlinks->items[downlinks->n++] = (MMDownlink) {
		.token = MM_POSTING_TOKEN(key),
		.size_class = MM_POSTING_CLASS(key),
		.child = child,
	};
}

/*
 * A new page of the run, locked.
 */
static Buffer
new_page(MMRunWriter *writer)
{
	writer->run.pages++;
	return mm_page_new(writer->inv->index);
}

MMRunWriter *
mm_run_write_begin(const MMInverted *inv, uint64 stamp, bool logged)
{
	MMRunWriter *writer = palloc0(sizeof(MMRunWriter));
	GenericXLogState *xlog;
	Buffer		buffer;
	Page		page;

	writer->inv = inv;
	writer->logged = logged;
	writer->run.stamp = stamp;
	buffer = new_page(writer);
	page = mm_inverted_begin_page(inv, buffer, logged, GENERIC_XLOG_FULL_IMAGE, &xlog);
	mm_inverted_page_init(inv, page, MM_PAGE_POSTINGS, 0, stamp);
	mm_inverted_end_page(buffer, xlog);
	writer->block = writer->run.first = BufferGetBlockNumber(buffer);
	UnlockReleaseBuffer(buffer);
	return writer;
}

/*
 * Put what has been gathered on a page, which is an empty leaf.
 */
static void
fill_leaf(MMRunWriter *writer, Page page, BlockNumber right)
{
	PageHeader	header = (PageHeader) page;
	int			nbytes = writer->before + writer->encoder.length;
	int			offset = header->pd_special - nbytes;

	for (int i = 0; i < writer->nsegments; i++)
		writer->segments[i].offset += offset;
	memcpy(PageGetSegments(page), writer->segments, sizeof(MMSegment) * writer->nsegments);
	memcpy((char *) page + offset, writer->bytes, nbytes);
	header->pd_lower += sizeof(MMSegment) * writer->nsegments;
	header->pd_upper = offset;
	MMPageGetSpecial(page)->n = writer->nsegments;
	MMPageGetSpecial(page)->right = right;
}

/*
 * Write the leaf that has been filled.  Go on with another one unless it is
 * the last.
 */
static void
write_leaf(MMRunWriter *writer, bool last)
{
	const MMInverted *inv = writer->inv;
	const MMSegment *first = &writer->segments[0];
	Buffer		buffer = ReadBuffer(inv->index, writer->block);
	Buffer		next = InvalidBuffer;
	BlockNumber right = InvalidBlockNumber;
	GenericXLogState *xlog;
	Page		page;

	add_downlink(&writer->leaves, MM_POSTING_KEY(first->token, first->size_class), writer->block);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	if (!last)
	{
		next = new_page(writer);
		right = BufferGetBlockNumber(next);
	}
	page = mm_inverted_begin_page(inv, buffer, writer->logged, GENERIC_XLOG_FULL_IMAGE, &xlog);
	fill_leaf(writer, page, right);
	if (!last)
	{
		page = writer->logged ?
			GenericXLogRegisterBuffer(xlog, next, GENERIC_XLOG_FULL_IMAGE) :
			BufferGetPage(next);
		mm_inverted_page_init(inv, page, MM_PAGE_POSTINGS, 0, writer->run.stamp);
		if (!writer->logged)
			MarkBufferDirty(next);
	}
	mm_inverted_end_page(buffer, xlog);
	if (!last)
		UnlockReleaseBuffer(next);
	UnlockReleaseBuffer(buffer);

	writer->block = right;
	writer->nsegments = 0;
	writer->before = 0;
	writer->encoder.length = 0;
}

static void
begin_segment(MMRunWriter *writer, uint64 key)
{
	writer->before += writer->encoder.length;
	writer->segments[writer->nsegments++] = (MMSegment) {
		.token = MM_POSTING_TOKEN(key),
		.size_class = MM_POSTING_CLASS(key),
		.offset = writer->before,	/* fill_leaf adds where the bytes begin */
	};
	writer->encoder = (MMEncoder) {.bytes = writer->bytes + writer->before};
}

void
mm_run_write(MMRunWriter *writer, const MMPosting *posting)
{
	bool		begins = writer->nsegments == 0 || posting->key != writer->last.key;
	MMSegment  *segment;

	if (writer->some && mm_posting_precedes(posting, &writer->last))
		mm_report_damage(writer->inv->index, "A list of token %u is not in order.",
						 MM_POSTING_TOKEN(posting->key));
	if ((writer->nsegments + (begins ? 1 : 0)) * sizeof(MMSegment) + writer->before +
		writer->encoder.length + MM_POSTING_BYTES > MM_INVERTED_ROOM)
	{
		write_leaf(writer, false);
		begins = true;
	}
	if (begins)
		begin_segment(writer, posting->key);
	mm_encode(&writer->encoder, posting->place);
	segment = &writer->segments[writer->nsegments - 1];
	segment->n++;
	segment->length = writer->encoder.length;
	writer->last = *posting;
	writer->some = true;
	if (MM_POSTING_TOKEN(posting->key) == MM_TOKEN_ALL)
	{
		int			size_class = MM_POSTING_CLASS(posting->key);

		writer->run.rows++;
		writer->run.classes[size_class / 8] |= 1 << size_class % 8;
	}
	else
		writer->run.postings++;
}

void
mm_run_write_all(MMRunWriter *writer, MMPostings **from, int n)
{
	MMPosting  *heads = palloc(sizeof(MMPosting) * n);

	for (int i = 0; i < n; i++)
		while (i < n && !from[i]->next(from[i], &heads[i]))
			from[i] = from[--n];
	while (n > 0)
	{
		MMPosting	until = {PG_UINT64_MAX, PG_UINT64_MAX};
		int			least = 0;
		bool		more;

		CHECK_FOR_INTERRUPTS();
		for (int i = 1; i < n; i++)
			if (mm_posting_precedes(&heads[i], &heads[least]))
				least = i;
		for (int i = 0; i < n; i++)
			if (i != least && mm_posting_precedes(&heads[i], &until))
				until = heads[i];
		/* The least goes on until another one is less. */
		do
		{
			mm_run_write(writer, &heads[least]);
			more = from[least]->next(from[least], &heads[least]);
		} while (more && !mm_posting_precedes(&until, &heads[least]));
		if (!more)
		{
			n--;
			from[least] = from[n];
			heads[least] = heads[n];
		}
	}
	pfree(heads);
}

static BlockNumber
write_directory_page(MMRunWriter *writer, const MMDownlink *items, int n, int level)
{
	Buffer		buffer = new_page(writer);
	BlockNumber block = BufferGetBlockNumber(buffer);
	GenericXLogState *xlog;
	Page		page = mm_inverted_begin_page(writer->inv, buffer, writer->logged,
											  GENERIC_XLOG_FULL_IMAGE, &xlog);

	mm_inverted_page_init(writer->inv, page, MM_PAGE_DIRECTORY, level, writer->run.stamp);
	memcpy(PageGetDownlinks(page), items, sizeof(MMDownlink) * n);
	((PageHeader) page)->pd_lower += sizeof(MMDownlink) * n;
	MMPageGetSpecial(page)->n = n;
	mm_inverted_end_page(buffer, xlog);
	UnlockReleaseBuffer(buffer);
	return block;
}

void
mm_run_write_end(MMRunWriter *writer, MMRun *run)
{
	Downlinks	below;

	write_leaf(writer, true);
	below = writer->leaves;
	while (below.n > 1)
	{
		Downlinks	above = {0};

		writer->run.level++;
		for (int64 i = 0; i < below.n; i += MM_DOWNLINKS)
		{
			const MMDownlink *items = below.items + i;
			int			n = (int) Min(below.n - i, MM_DOWNLINKS);

			add_downlink(&above, MM_POSTING_KEY(items->token, items->size_class),
						 write_directory_page(writer, items, n, writer->run.level));
		}
		pfree(below.items);
		below = above;
	}
	writer->run.root = below.items[0].child;
	pfree(below.items);
	*run = writer->run;
	pfree(writer);
}
