/*-------------------------------------------------------------------------
 *
 * insert.c
 *	  Adding a row to an inverted index.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "inverted/flush.h"
#include "inverted/pending.h"

/*
 * When so many pages are pending, they are made a run, by the insertion that
 * adds the last one, unless somebody is at it.  When there are this many, it
 * waits for its turn.
 */
#define FLUSH_PAGES		64
#define MOST_PAGES		1024

void
mm_inverted_insert_tokens(const MMInverted *inv, const ItemPointerData *tid,
						  const MMTokens *tokens)
{
	MMPendingRow *row = palloc0(MM_PENDING_SIZE(tokens->n));
	uint32		pages;

	mm_place_supported(inv->index, tid);
	row->block = ItemPointerGetBlockNumber(tid);
	row->offset = ItemPointerGetOffsetNumber(tid);
	row->size_class = tokens->size_class;
	row->n = tokens->n;
	if (tokens->n > 0)
		memcpy(row->tokens, tokens->tokens, sizeof(uint32) * tokens->n);
	pages = mm_pending_append(inv, row);
	pfree(row);
	if (pages >= FLUSH_PAGES)
		mm_inverted_flush(inv, FLUSH_PAGES, pages >= MOST_PAGES);
}

void
mm_inverted_insert(const MMInverted *inv, const ItemPointerData *tid, Datum value, bool isnull)
{
	MMTokens	tokens;

	mm_inverted_tokens(inv, value, isnull, &tokens);
	mm_inverted_insert_tokens(inv, tid, &tokens);
}
