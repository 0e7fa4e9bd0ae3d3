/*-------------------------------------------------------------------------
 *
 * build.c
 *	  Building an inverted index from all rows of a table.
 *
 * Postings are gathered in memory.  When they outgrow it, they are sorted and
 * written to a temporary file, as a *batch*, in the form that lists have on
 * leaves.  At the end, all batches are merged into one run.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "storage/buffile.h"
#include "utils/memutils.h"

#include "inverted/flush.h"

/* A part of a list in a file is no longer than this. */
#define PIECE_BYTES		BLCKSZ

typedef struct Batch
{
	MMPostings	postings;
	const MMInverted *inv;
	BufFile    *file;
	uint64		key;			/* of the piece at hand */
	MMDecoder	chunk;			/* the one at hand */
	int			i;				/* the next posting of that */
	uint8		bytes[PIECE_BYTES];
} Batch;

typedef struct PieceHeader
{
	uint64		key;
	uint64		length;
} PieceHeader;

struct MMInvertedBuild
{
	const MMInverted *inv;
	bool		logged;
	int64		most;			/* postings in memory */
	MMPostingArray *array;
	int			nbatches;
	int			allocated;
	MMPostings **batches;
	MemoryContext context;
};

MMInvertedBuild *
mm_inverted_build_begin(const MMInverted *inv, int work_mem_kb, bool logged)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "mmdb inverted build",
												  ALLOCSET_DEFAULT_SIZES);
	MMInvertedBuild *build = MemoryContextAllocZero(context, sizeof(MMInvertedBuild));

	build->context = context;
	build->inv = inv;
	build->logged = logged;
	build->most = Max((int64) work_mem_kb * 1024 / (int64) sizeof(MMPosting), 8 * MM_COUNTED_SIZE);
	build->array = NULL;
	return build;
}

static void
write_piece(Batch *batch, uint64 key, const MMEncoder *encoder)
{
	PieceHeader header = {.key = key, .length = encoder->length};

	BufFileWrite(batch->file, &header, sizeof(header));
	BufFileWrite(batch->file, encoder->bytes, encoder->length);
}

static void
read_bytes(Batch *batch, void *to, Size size)
{
	if (BufFileRead(batch->file, to, size) != size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read temporary file of the build of index \"%s\"",
						RelationGetRelationName(batch->inv->index))));
}

static bool
batch_next(MMPostings *postings, MMPosting *posting)
{
	Batch	   *batch = (Batch *) postings;

	if (batch->i == batch->chunk.n)
	{
		if (!mm_decode(&batch->chunk))
		{
			PieceHeader header;

			read_bytes(batch, &header, sizeof(header));
			if (header.length == 0)
			{
				BufFileClose(batch->file);
				return false;
			}
			batch->key = header.key;
			read_bytes(batch, batch->bytes, header.length);
			batch->chunk = (MMDecoder) {.at = batch->bytes, .end = batch->bytes + header.length};
			(void) mm_decode(&batch->chunk);
		}
		batch->i = 0;
	}
	posting->key = batch->key;
	posting->place = mm_decoded_place(&batch->chunk, batch->i++);
	return true;
}

/*
 * Write what is in memory to a file.
 */
static void
write_batch(MMInvertedBuild *build)
{
	MMPostingArray *array = build->array;
	MemoryContext old = MemoryContextSwitchTo(build->context);
	Batch	   *batch = palloc0(sizeof(Batch));
	MMEncoder	encoder = {.bytes = batch->bytes};
	uint64		key = 0;
	MMPosting	posting;

	mm_posting_array_sort(array);
	batch->postings.next = batch_next;
	batch->inv = build->inv;
	batch->file = BufFileCreateTemp(false);
	while (array->postings.next(&array->postings, &posting))
	{
		if (encoder.length > 0 &&
			(posting.key != key || encoder.length + MM_POSTING_BYTES > PIECE_BYTES))
		{
			write_piece(batch, key, &encoder);
			encoder = (MMEncoder) {.bytes = batch->bytes};
		}
		key = posting.key;
		mm_encode(&encoder, posting.place);
	}
	write_piece(batch, key, &encoder);
	encoder.length = 0;
	write_piece(batch, 0, &encoder);	/* the end */
	if (BufFileSeek(batch->file, 0, 0L, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind temporary file of the build of index \"%s\"",
						RelationGetRelationName(build->inv->index))));
	if (build->nbatches == build->allocated)
	{
		build->allocated = Max(build->allocated * 2, 16);
		build->batches = build->batches == NULL ? palloc(sizeof(MMPostings *) * build->allocated) :
			repalloc(build->batches, sizeof(MMPostings *) * build->allocated);
	}
	build->batches[build->nbatches++] = &batch->postings;
	array->n = 0;
	MemoryContextSwitchTo(old);
}

void
mm_inverted_build_add(MMInvertedBuild *build, const ItemPointerData *tid, const MMTokens *tokens)
{
	mm_place_supported(build->inv->index, tid);
	if (build->array == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(build->context);

		build->array = mm_posting_array(build->most);
		MemoryContextSwitchTo(old);
	}
	if (build->array->n + tokens->n + 1 > build->most)
		write_batch(build);
	mm_posting_array_row(build->array, mm_place_of_row(tid), tokens->size_class,
						 tokens->tokens, tokens->n);
}

void
mm_inverted_build_finish(MMInvertedBuild *build)
{
	const MMInverted *inv = build->inv;
	MemoryContext old = MemoryContextSwitchTo(build->context);

	if (build->array != NULL)
	{
		uint64		stamp = mm_home_stamp(inv, build->logged);
		MMHome	   *home = mm_home_read(inv);
		MMPostings *memory = &build->array->postings;
		MMRunWriter *writer = mm_run_write_begin(inv, stamp, build->logged);

		if (build->nbatches > 0)
		{
			write_batch(build);
			pfree(build->array->items);
			mm_run_write_all(writer, build->batches, build->nbatches);
		}
		else
		{
			mm_posting_array_sort(build->array);
			mm_run_write_all(writer, &memory, 1);
		}
		mm_run_write_end(writer, &home->runs[home->nruns++]);
		mm_home_write(inv, home, build->logged);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(build->context);
}
