/*-------------------------------------------------------------------------
 *
 * row_ids.c
 *	  Rows by numbers, where their places do not tell them apart.
 *
 * Under one snapshot, a row of a table that has its own storage is identified by
 * its table and ctid.  A foreign table is another matter: behind it, there may be
 * several tables, with rows at the same places, and a row may have no place at
 * all.  The same goes for a table whose rows some extension keeps elsewhere.  There,
 * a row is identified by its key: each key that is come across gets a number.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "learn/learner.h"

typedef struct KnownKey
{
	const char *key;			/* the text of the key's values; the hash key */
	int64		number;
} KnownKey;

struct MMRowIds
{
	HTAB	   *keys;			/* of KnownKey */
	MemoryContext context;		/* of their texts */
	int			n;				/* columns of the key */
	FmgrInfo	output[INDEX_MAX_KEYS];
};

static uint32
hash_key(const void *key, Size size)
{
	const char *text = *(const char *const *) key;

	return hash_bytes((const unsigned char *) text, (int) strlen(text));
}

static int
compare_keys(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

MMRowIds *
mm_row_ids_create(const MMPrimaryKey *key)
{
	HASHCTL		control = {
		.keysize = sizeof(const char *),
		.entrysize = sizeof(KnownKey),
		.hash = hash_key,
		.match = compare_keys,
		.hcxt = CurrentMemoryContext,
	};
	MMRowIds   *ids = palloc0(sizeof(MMRowIds));

	ids->context = CurrentMemoryContext;
	ids->keys = hash_create("mmdb keys of rows", 256, &control,
							HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	ids->n = key->n;
	for (int i = 0; i < key->n; i++)
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(key->column_types[i], &output, &varlena);
		fmgr_info(output, &ids->output[i]);
	}
	return ids;
}

MMRowId
mm_row_id_of_key(MMRowIds *ids, Oid table, const Datum *values)
{
	MMRowId		id = {.table = table};
	StringInfoData text;
	KnownKey   *known;
	const char *key;
	bool		found;

	/* Children by inheritance may repeat keys of their parent. */
	initStringInfo(&text);
	appendStringInfo(&text, "%u", table);
	for (int i = 0; i < ids->n; i++)
	{
		char	   *value = OutputFunctionCall(&ids->output[i], values[i]);

		appendStringInfo(&text, " %d:%s", (int) strlen(value), value);
	}
	key = text.data;
	known = hash_search(ids->keys, &key, HASH_ENTER, &found);
	if (!found)
	{
		known->key = MemoryContextStrdup(ids->context, key);
		known->number = hash_get_num_entries(ids->keys);
	}
	mm_number_place(known->number, &id.tid);
	return id;
}
