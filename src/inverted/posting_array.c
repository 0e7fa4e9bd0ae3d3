/*-------------------------------------------------------------------------
 *
 * posting_array.c
 *	  Postings in memory.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "inverted/flush.h"

/* A list begins with room for so many. */
#define FIRST_ROOM		(64 * 1024)

/* postings_sort(MMPosting *items, size_t n) */
#define ST_SORT postings_sort
#define ST_ELEMENT_TYPE MMPosting
#define ST_COMPARE(a, b) \
	((a)->key != (b)->key ? ((a)->key < (b)->key ? -1 : 1) : \
	 (a)->place < (b)->place ? -1 : (a)->place > (b)->place)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static bool
array_next(MMPostings *postings, MMPosting *posting)
{
	MMPostingArray *array = (MMPostingArray *) postings;

	if (array->at == array->n)
		return false;
	*posting = array->items[array->at++];
	return true;
}

MMPostingArray *
mm_posting_array(int64 most)
{
	MMPostingArray *array = palloc0(sizeof(MMPostingArray));

	array->postings.next = array_next;
	array->most = most;
	array->allocated = Min(most, FIRST_ROOM);
	array->items = palloc(sizeof(MMPosting) * array->allocated);
	return array;
}

void
mm_posting_array_row(MMPostingArray *array, MMPlace place, int size_class,
					 const uint32 *tokens, int n)
{
	if (array->n + n + 1 > array->allocated)
	{
		array->allocated = Max(Min(array->allocated * 2, array->most), array->n + n + 1);
		array->items = repalloc_huge(array->items, sizeof(MMPosting) * array->allocated);
	}
	array->items[array->n++] = (MMPosting) {MM_POSTING_KEY(MM_TOKEN_ALL, size_class), place};
	for (int i = 0; i < n; i++)
		array->items[array->n++] = (MMPosting) {MM_POSTING_KEY(tokens[i], size_class), place};
}

void
mm_posting_array_sort(MMPostingArray *array)
{
	postings_sort(array->items, array->n);
	array->at = 0;
}
