/*-------------------------------------------------------------------------
 *
 * primary_key.c
 *	  The primary key of the table that weights are learned for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "index/elsewhere.h"
#include "learn/learner.h"

/*
 * Open the index of a table's primary key, deferrable or not.
 */
static Relation
open_primary_key(Relation table)
{
	List	   *oids = RelationGetIndexList(table);
	ListCell   *lc;

	foreach(lc, oids)
	{
		Relation	index = relation_open(lfirst_oid(lc), AccessShareLock);

		/*
		 * A key WITHOUT OVERLAPS does not have an equality of all its columns.
		 */
		if (index->rd_index->indisprimary && index->rd_rel->relam == BTREE_AM_OID)
			return index;
		relation_close(index, AccessShareLock);
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" has no primary key", RelationGetRelationName(table)),
			 errdetail("The rows of examples are named by their keys."),
			 mm_is_on_servers(RelationGetRelid(table)) ?
			 errhint("The rows of this table are at other servers, and it cannot have one. Copy rows that are enough to learn from into a table of their own: CREATE TABLE ... AS SELECT, ALTER TABLE ... ADD PRIMARY KEY, CREATE INDEX ... USING mmdb.") :
			 errhint("Add one with ALTER TABLE ... ADD PRIMARY KEY.")));
}

const MMPrimaryKey *
mm_key_get(MMLearner *learner)
{
	MMPrimaryKey *key = &learner->key;
	Oid			table = RelationGetRelid(learner->table);
	MemoryContext old;
	Relation	index;

	if (key->n > 0)
		return key;
	index = open_primary_key(learner->table);
	old = MemoryContextSwitchTo(learner->context);
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
	{
		AttrNumber	attnum = index->rd_index->indkey.values[i];
		Oid			declared = index->rd_opcintype[i];

		key->names[i] = quote_identifier(get_attname(table, attnum, false));
		key->column_types[i] = get_atttype(table, attnum);
		key->types[i] = getBaseType(key->column_types[i]);
		key->operators[i] = get_opfamily_member(index->rd_opfamily[i], declared, declared,
												BTEqualStrategyNumber);
	}
	MemoryContextSwitchTo(old);
	if (index->rd_index->indnkeyatts == 1 && !OidIsValid(get_array_type(key->types[0])))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("keys of type %s cannot be listed", format_type_be(key->types[0])),
				 errdetail("There are no arrays of that type.")));
	key->n = index->rd_index->indnkeyatts;
	relation_close(index, AccessShareLock);
	return key;
}
