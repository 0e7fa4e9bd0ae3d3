/*-------------------------------------------------------------------------
 *
 * text.c
 *	  Edit distance of text, in characters of the server encoding.
 *
 * Strings are compared as they are stored.  There is no collation and no
 * normalization: "e" with an accent differs from "e" followed by a combining
 * accent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "compat.h"
#include "metric/edit.h"
#include "metric/metric.h"
#include "metric/text.h"
#include "metric/text_sketch.h"
#include "metric/text_tokens.h"

PG_FUNCTION_INFO_V1(mm_text_edit);
PG_FUNCTION_INFO_V1(mm_text_edit_routine);

/*
 * A wide string of up to this many characters is decoded without allocating
 * memory.
 */
#define LOCAL_CODES		256

static bool
is_ascii(const char *s, int len)
{
	uint64		word;
	uint64		bits = 0;

	for (; len >= (int) sizeof(word); len -= sizeof(word), s += sizeof(word))
	{
		memcpy(&word, s, sizeof(word));
		bits |= word;
	}
	word = 0;
	memcpy(&word, s, len);
	return ((bits | word) & UINT64CONST(0x8080808080808080)) == 0;
}

/*
 * The characters of a string of len bytes.  These are its bytes where each is a
 * character; otherwise they are decoded, into local if they fit.  pg_wchar
 * gives ASCII characters the numbers of their bytes, so both kinds can be
 * compared.
 */
static EditString
decode(const char *bytes, int len, pg_wchar *local)
{
	EditString	result;

	if (pg_database_encoding_max_length() == 1 || is_ascii(bytes, len))
	{
		result.wide = false;
		result.length = len;
		result.codes = bytes;
	}
	else
	{
		pg_wchar   *codes = local;

		/* There is at most one code for each byte, and a terminator. */
		if (len >= LOCAL_CODES)
			codes = MemoryContextAllocHuge(CurrentMemoryContext,
										   sizeof(pg_wchar) * ((Size) len + 1));
		result.wide = true;
		result.length = pg_mb2wchar_with_len(bytes, codes, len);
		result.codes = codes;
	}
	return result;
}

static EditString
edit_string(text *t, pg_wchar *local)
{
	return decode(VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), local);
}

/*
 * A bound of distances as mm_edit_distance takes it.
 */
static int
edit_bound(double bound)
{
	return bound >= INT_MAX ? -1 : bound <= 0 ? 0 : (int) bound;
}

static void *
prepare_edit(Datum query, Oid collation)
{
	pg_wchar	local[LOCAL_CODES];
	EditString	string = edit_string(DatumGetTextPP(query), local);
	Size		code_bytes = (Size) string.length * (string.wide ? sizeof(uint32) : 1);
	char	   *memory = MemoryContextAllocHuge(CurrentMemoryContext,
												mm_edit_pattern_size(&string) + code_bytes);

	string.codes = memcpy(memory + mm_edit_pattern_size(&string), string.codes, code_bytes);
	return mm_edit_prepare(&string, memory);
}

static double
distance_edit(void *prepared, Datum value, double bound)
{
	pg_wchar	local[LOCAL_CODES];
	EditString	string = edit_string(DatumGetTextPP(value), local);
	Size		workspace = mm_edit_workspace_size(prepared, string.length);

	return mm_edit_distance(prepared, &string, edit_bound(bound),
						 workspace == 0 ? NULL :
						 MemoryContextAllocHuge(CurrentMemoryContext, workspace));
}

static void *
train_edit(const Datum *values, int n, Oid collation, int budget, Size *size,
		   MetricSketchShape *shape)
{
	MMCharCounts *counts = mm_text_count_start();
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb sampled text",
												  ALLOCSET_DEFAULT_SIZES);

	for (int i = 0; i < n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		pg_wchar	local[LOCAL_CODES];
		text	   *t;
		EditString	string;

		CHECK_FOR_INTERRUPTS();
		t = DatumGetTextPP(values[i]);
		string = edit_string(t, local);
		MemoryContextSwitchTo(old);
		mm_text_count(counts, &string, VARSIZE_ANY_EXHDR(t));
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
	return mm_text_train(counts, budget, size, shape);
}

static void
sketch_edit(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes)
{
	pg_wchar	local[LOCAL_CODES];
	text	   *t = DatumGetTextPP(value);
	EditString	string = edit_string(t, local);

	mm_text_sketch(model, &string, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), words, bytes);
}

static void *
sketch_query_edit(const void *model, Datum query, Oid collation)
{
	pg_wchar	local[LOCAL_CODES];
	EditString	string = edit_string(DatumGetTextPP(query), local);

	return mm_text_sketch_query(model, &string);
}

static uint32 *
tokens_edit(Datum value, Oid collation, int *size, int *n)
{
	pg_wchar	local[LOCAL_CODES];
	EditString	string = edit_string(DatumGetTextPP(value), local);

	*size = string.length;
	return mm_text_tokens(&string, n);
}

/* A query for refine. */
typedef struct RefineQuery
{
	MMKeptText	kept;
	EditPattern *pattern;
	void	   *workspace;		/* for all texts that a sketch may have */
} RefineQuery;

static void *
refine_query_edit(const void *model, Datum query, Oid collation)
{
	MMKeptText	kept = mm_text_kept(model);
	RefineQuery *result;

	if (kept.words == 0)
		return NULL;
	result = palloc(sizeof(RefineQuery));
	result->kept = kept;
	result->pattern = prepare_edit(query, collation);
	result->workspace = palloc(Max(mm_edit_workspace_size(result->pattern, MM_TEXT_MOST), 1));
	return result;
}

/*
 * The distance, if the sketch has the whole text, or else what the beginning of
 * the text tells.
 */
static double
refine_edit(void *query, const MetricSketchPlanes *planes, int i, double bound, double *upper)
{
	RefineQuery *q = query;
	uint32		words[MM_TEXT_WORDS];
	pg_wchar	local[LOCAL_CODES];
	int			limit = edit_bound(bound);
	bool		cut;
	int			size = mm_text_read(&q->kept, planes, i, words, &cut);
	EditString	string = decode((const char *) words + 1, size, local);
	int			distance;

	if (upper != NULL)
		*upper = METRIC_NO_BOUND;
	if (cut)
	{
		int			length = mm_text_length(&q->kept, planes, i);

		return length < string.length ? 0 :
			mm_edit_beginning(q->pattern, &string, length - string.length);
	}
	distance = mm_edit_distance(q->pattern, &string, limit, q->workspace);
	/* Beyond its bound, mm_edit_distance may return more than the distance. */
	if (limit >= 0 && distance > limit)
		return limit + 1.0;
	if (upper != NULL)
		*upper = distance;
	return distance;
}

const MetricRoutine mm_text_edit_metric = {
	METRIC_ROUTINE_HEAD,
	.prepare = prepare_edit,
	.distance = distance_edit,
	.whole = true,
	.finite = true,
	.quadratic = true,
	.train = train_edit,
	.sketch = sketch_edit,
	.sketch_query = sketch_query_edit,
	.sketch_bounds = mm_text_bounds,
	.refine_query = refine_query_edit,
	.refine = refine_edit,
	.tokens = tokens_edit,
	.token_bound = mm_text_token_bound,
};

Datum
mm_text_edit(PG_FUNCTION_ARGS)
{
	return mm_metric_operator(fcinfo, &mm_text_edit_metric);
}

Datum
mm_text_edit_routine(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&mm_text_edit_metric);
}
