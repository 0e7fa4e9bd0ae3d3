/*-------------------------------------------------------------------------
 *
 * set.c
 *	  Jaccard distance of arrays, taken as the sets of their elements.
 *
 * It is 1 - |A intersect B| / |A union B|, a metric (Levandowsky and Winter,
 * "Distance between sets", Nature 234, 1971), and 0 for two empty sets.
 * Order, repetition, dimensions and NULL elements do not count.  Text elements
 * are the same if their bytes are.
 *
 * A sketch is a signature, with a bit for each element, and the set's size in
 * one or two bytes, where the largest number stands for itself and more.  The
 * most frequent elements of the sample have a bit of their own.  A hash sends
 * each of the others to one of the remaining bits.  Elements that A and B
 * share set the same bits.  Where both have a bit, they may share further
 * elements, but no more than either of them has:
 *
 *	|A intersect B| <= |bits of both| + min(|A| - |bits of A|, |B| - |bits of B|)
 *
 * For an inverted index, each element is a token.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "compat.h"
#include "metric/kernels.h"
#include "metric/kernels_planes.h"
#include "metric/metric.h"

PG_FUNCTION_INFO_V1(mm_array_jaccard);
PG_FUNCTION_INFO_V1(mm_array_jaccard_routine);

/*
 * An element.  Integers are their own key.  Text and uuid have a hash as key,
 * and their bytes tell apart what hashes alike.  Sets are sorted by key and bytes; any
 * order will do, as long as it is the same for all sets.
 */
typedef struct Element
{
	uint64		key;
	const char *bytes;			/* NULL for integers */
	int			len;
} Element;

typedef struct ElementSet
{
	int			n;
	Element    *elements;		/* ascending, all different */
} ElementSet;

static inline int
compare_elements(const Element *a, const Element *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len == 0 ? 0 : memcmp(a->bytes, b->bytes, a->len);
}

static int
qsort_compare(const void *a, const void *b)
{
	return compare_elements(a, b);
}

/*
 * Sort the elements, and drop repetitions.
 */
static void
make_set(ElementSet *set)
{
	Element    *e = set->elements;
	int			n = 0;

	if (set->n > 16)
		qsort(e, set->n, sizeof(Element), qsort_compare);
	else
		for (int i = 1; i < set->n; i++)
		{
			Element		moved = e[i];
			int			j = i;

			for (; j > 0 && compare_elements(&e[j - 1], &moved) > 0; j--)
				e[j] = e[j - 1];
			e[j] = moved;
		}

	for (int i = 0; i < set->n; i++)
		if (n == 0 || compare_elements(&e[n - 1], &e[i]) != 0)
			e[n++] = e[i];
	set->n = n;
}

/*
 * The set of an array's elements.  It refers to the array's bytes.
 */
static ElementSet
set_of_array(ArrayType *array)
{
	Oid			type = ARR_ELEMTYPE(array);
	int			nitems = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	bool		is_text = type == TEXTOID || type == VARCHAROID;
	int			typlen = is_text ? -1 : type == UUIDOID ? UUID_LEN : type == INT4OID ? 4 : 8;
	char		typalign = type == INT8OID ? TYPALIGN_DOUBLE : type == UUIDOID ? TYPALIGN_CHAR : TYPALIGN_INT;
	bits8	   *nulls = ARR_NULLBITMAP(array);
	const char *pt = ARR_DATA_PTR(array);
	ElementSet	set;

	set.n = 0;
	set.elements = MemoryContextAllocHuge(CurrentMemoryContext,
										  sizeof(Element) * Max(nitems, 1));
	for (int i = 0; i < nitems; i++)
	{
		Element    *e = &set.elements[set.n];

		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		if (is_text || type == UUIDOID)
		{
			e->bytes = is_text ? VARDATA_ANY(pt) : pt;
			e->len = is_text ? VARSIZE_ANY_EXHDR(pt) : UUID_LEN;
			e->key = hash_bytes_extended((const unsigned char *) e->bytes, e->len, 0);
		}
		else
		{
			e->bytes = NULL;
			e->len = 0;
			e->key = type == INT4OID ? (uint64) *(const int32 *) pt : *(const uint64 *) pt;
		}
		set.n++;
		pt = (const char *) att_addlength_pointer(pt, typlen, pt);
		pt = (const char *) att_align_nominal(pt, typalign);
	}
	make_set(&set);
	return set;
}

static void *
prepare_jaccard(Datum query, Oid collation)
{
	ElementSet *set = palloc(sizeof(ElementSet));

	/* This must be a copy, as the set refers to it. */
	*set = set_of_array(DatumGetArrayTypePCopy(query));
	return set;
}

static double
distance_jaccard(void *prepared, Datum value, double bound)
{
	const ElementSet *a = prepared;
	ElementSet	b = set_of_array(DatumGetArrayTypeP(value));
	int			shared = 0;
	int			all;

	for (int i = 0, j = 0; i < a->n && j < b.n;)
	{
		int			order = compare_elements(&a->elements[i], &b.elements[j]);

		i += order <= 0;
		j += order >= 0;
		shared += order == 0;
	}
	all = a->n + b.n - shared;
	return all == 0 ? 0.0 : (double) (all - shared) / all;
}

#define MOST_WORDS	8

/*
 * A signature has this many bits for each element, so that an eighth of them
 * are set.
 */
#define BITS_PER_ELEMENT	8

/* So many elements of a sample are enough to know which are frequent. */
#define MOST_SEEN	(1 << 20)

/* An element, told by its key, which is enough for signatures. */
typedef struct OwnBit
{
	uint64		key;
	int			bit;
} OwnBit;

typedef struct SetModel
{
	int			words;
	int			size_bytes;
	int			first_shared;	/* bit; those from here on are shared */
	int			nown;
	OwnBit		own[FLEXIBLE_ARRAY_MEMBER]; /* ascending keys */
} SetModel;

/* A key, and how often it was seen. */
typedef struct Frequency
{
	uint64		key;
	int			count;
} Frequency;

static int
compare_keys(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/* The most frequent first. */
static int
compare_frequencies(const void *a, const void *b)
{
	const Frequency *x = a;
	const Frequency *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return compare_keys(&x->key, &y->key);
}

static int
compare_own(const void *a, const void *b)
{
	return compare_keys(&((const OwnBit *) a)->key, &((const OwnBit *) b)->key);
}

/*
 * The distinct keys among n, the most frequent first.  *n becomes their
 * number.
 */
static Frequency *
list_frequencies(uint64 *keys, int *n)
{
	Frequency  *list = palloc(sizeof(Frequency) * Max(*n, 1));
	int			different = 0;

	qsort(keys, *n, sizeof(uint64), compare_keys);
	for (int i = 0; i < *n; i++)
	{
		if (i > 0 && keys[i] == keys[i - 1])
			list[different - 1].count++;
		else
			list[different++] = (Frequency) {keys[i], 1};
	}
	qsort(list, different, sizeof(Frequency), compare_frequencies);
	*n = different;
	return list;
}

/*
 * What training sees of a sample.
 */
typedef struct SampledSets
{
	uint64	   *keys;			/* of all elements */
	int			nkeys;
	int			largest;
	double		mean;			/* size */
} SampledSets;

static void
read_sets(const Datum *values, int n, SampledSets *result)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "mmdb sampled sets",
												  ALLOCSET_DEFAULT_SIZES);
	int			allocated = 1024;
	double		sum = 0.0;

	result->keys = palloc(sizeof(uint64) * allocated);
	result->nkeys = 0;
	result->largest = 0;
	for (int v = 0; v < n; v++)
	{
		MemoryContext old = MemoryContextSwitchTo(scratch);
		ElementSet	set;

		CHECK_FOR_INTERRUPTS();
		set = set_of_array(DatumGetArrayTypeP(values[v]));
		MemoryContextSwitchTo(old);
		sum += set.n;
		result->largest = Max(result->largest, set.n);
		for (int i = 0; i < set.n && result->nkeys < MOST_SEEN; i++)
		{
			if (result->nkeys == allocated)
			{
				allocated *= 2;
				result->keys = repalloc(result->keys, sizeof(uint64) * allocated);
			}
			result->keys[result->nkeys++] = set.elements[i].key;
		}
		MemoryContextReset(scratch);
	}
	result->mean = sum / n;
	MemoryContextDelete(scratch);
}

static void *
train_jaccard(const Datum *values, int n, Oid collation, int budget, Size *size,
			  MetricSketchShape *shape)
{
	SampledSets sample;
	Frequency  *list;
	int			different;
	int			words;
	int			size_bytes;
	SetModel   *model;

	read_sets(values, n, &sample);
	different = sample.nkeys;
	list = list_frequencies(sample.keys, &different);

	/*
	 * There is a bit for each element, or as many as the number of elements in
	 * a set asks for.
	 */
	size_bytes = sample.largest < 255 ? 1 : 2;
	words = (int) Min(ceil(sample.mean * BITS_PER_ELEMENT / 32), MOST_WORDS);
	words = Min(Max(words, 1), Max((different + 31) / 32, 1));
	words = Min(words, (budget - size_bytes) / (int) sizeof(uint32));
	if (words < 1)
		return NULL;

	model = palloc0(offsetof(SetModel, own) + sizeof(OwnBit) * 32 * words);
	model->words = words;
	model->size_bytes = size_bytes;
	model->nown = different <= 32 * words ? different : 32 * words * 3 / 4;
	/* If all bits are owned, other elements may go to any of them. */
	model->first_shared = model->nown < 32 * words ? model->nown : 0;
	for (int i = 0; i < model->nown; i++)
		model->own[i] = (OwnBit) {list[i].key, i};
	qsort(model->own, model->nown, sizeof(OwnBit), compare_own);

	*size = offsetof(SetModel, own) + sizeof(OwnBit) * model->nown;
	shape->words = words;
	shape->bytes = size_bytes;
	pfree(list);
	pfree(sample.keys);
	return model;
}

static void
set_signature(const SetModel *model, const ElementSet *set, uint32 *words)
{
	memset(words, 0, sizeof(uint32) * model->words);
	for (int i = 0; i < set->n; i++)
	{
		OwnBit		key = {.key = set->elements[i].key};
		const OwnBit *own = bsearch(&key, model->own, model->nown, sizeof(OwnBit), compare_own);
		int			bit;

		if (own != NULL)
			bit = own->bit;
		else
			bit = model->first_shared +
				hash_bytes((const unsigned char *) &key.key, sizeof(key.key)) %
				(32 * model->words - model->first_shared);
		words[bit / 32] |= (uint32) 1 << (bit % 32);
	}
}

static void
sketch_jaccard(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes)
{
	const SetModel *m = model;
	ElementSet	set = set_of_array(DatumGetArrayTypeP(value));
	int			length = Min(set.n, m->size_bytes == 1 ? 0xff : 0xffff);

	set_signature(m, &set, words);
	bytes[0] = length & 0xff;
	if (m->size_bytes == 2)
		bytes[1] = length >> 8;
}

static void *
sketch_query_jaccard(const void *model, Datum query, Oid collation)
{
	const SetModel *m = model;
	ElementSet	set = set_of_array(DatumGetArrayTypeP(query));
	MMSignatureQuery *result = palloc0(offsetof(MMSignatureQuery, signature) +
									   sizeof(uint32) * m->words);

	result->distance = MM_SIGNATURE_JACCARD;
	result->words = m->words;
	result->size_bytes = m->size_bytes;
	result->most_rest = -1;
	set_signature(m, &set, result->signature);
	result->ones = (int) pg_popcount((const char *) result->signature,
									 sizeof(uint32) * m->words);
	result->rest = set.n - result->ones;
	return result;
}

static void
sketch_bounds_jaccard(const void *query, const MetricSketchPlanes *planes,
					  float *lower, float *upper)
{
	mm_kernels->planes->signatures(query, planes, lower, upper);
}

/*
 * Each element is a token.
 */
static uint32 *
tokens_jaccard(Datum value, Oid collation, int *size, int *n)
{
	ElementSet	set = set_of_array(DatumGetArrayTypeP(value));
	uint32	   *tokens = MemoryContextAllocHuge(CurrentMemoryContext,
												sizeof(uint32) * Max(set.n, 1));

	for (int i = 0; i < set.n; i++)
		tokens[i] = hash_bytes((const unsigned char *) &set.elements[i].key,
							   sizeof(set.elements[i].key));
	*size = *n = set.n;
	return tokens;
}

/*
 * The least distance is that of a set with as many elements of the query as
 * there may be, and as few others.  It is computed as the distance itself is,
 * so rounding cannot make it greater.
 */
static double
token_bound_jaccard(int query_size, int least_size, int greatest_size, int shared)
{
	int64		all;

	shared = Min(shared, Min(query_size, greatest_size));
	all = (int64) query_size + Max(least_size, shared) - shared;
	return all == 0 ? 0.0 : (double) (all - shared) / all;
}

static const MetricRoutine jaccard_routine = {
	METRIC_ROUTINE_HEAD,
	.prepare = prepare_jaccard,
	.distance = distance_jaccard,
	.finite = true,
	.train = train_jaccard,
	.sketch = sketch_jaccard,
	.sketch_query = sketch_query_jaccard,
	.sketch_bounds = sketch_bounds_jaccard,
	.tokens = tokens_jaccard,
	.token_bound = token_bound_jaccard,
};

Datum
mm_array_jaccard(PG_FUNCTION_ARGS)
{
	return mm_metric_operator(fcinfo, &jaccard_routine);
}

Datum
mm_array_jaccard_routine(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&jaccard_routine);
}
