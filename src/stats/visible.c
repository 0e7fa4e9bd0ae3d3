/*-------------------------------------------------------------------------
 *
 * visible.c
 *	  Copies of the statistics that a user may see.
 *
 * Entries are copied first, under the area's lock, and looked at afterwards: then
 * catalogs are read, which may wait, or raise errors.
 *
 * What searches have read and computed tells of rows that they did not return.  So
 * it is shown to those who may know the statistics of the index's columns
 * (index/rights.h), and to those who see all statistics.  Searches that row-level
 * security has a part in do not record it at all.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "index/rights.h"
#include "index/scales.h"
#include "mmdb.h"
#include "model/statistics.h"
#include "stats/visible.h"

bool
mm_sees_all(void)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

const char *
mm_visible_name(const char *name)
{
	return pg_verifymbstr(name, (int) strlen(name), true) ? name : "?";
}

/*
 * Copy what is kept of the samples' objects.  The lock is held.
 */
static void
copy_objects(MMStatsArea *area, MMVisibleEntry *visible)
{
	for (int i = 0; i < visible->entry.counters.nsamples; i++)
	{
		const MMSample *sample = &visible->entry.samples[i];
		const MMKeptObject *kept;

		if (!sample->has_object)
			continue;
		kept = mm_area_object(area, sample->object);
		visible->objects[i] = memcpy(palloc(kept->size), kept->data, kept->size);
	}
}

List *
mm_visible_entries(MMStatsArea *area, bool objects)
{
	bool		all = mm_sees_all();
	Oid			user = GetUserId();
	List	   *result = NIL;

	mm_area_lock(area, LW_SHARED);
	for (int i = 0; i < area->ntouched; i++)
	{
		MMStatsEntry *entry = mm_area_entry(area, i);
		volatile MMStatsEntry *e = entry;
		MMVisibleEntry *visible;

		if (!mm_area_in_use(entry) || (!all && entry->key.user != user))
			continue;
		visible = palloc0(sizeof(MMVisibleEntry));
		SpinLockAcquire(&e->mutex);
		memcpy(&visible->entry, entry, sizeof(MMStatsEntry));
		SpinLockRelease(&e->mutex);
		visible->work_shown = all;
		if (objects && entry->key.database == MyDatabaseId)
			copy_objects(area, visible);
		result = lappend(result, visible);
	}
	mm_area_unlock(area);
	return result;
}

/* ---------- the index ---------- */

/*
 * Open the index of an entry, if it is there, and if nobody is about to change it.
 */
static Relation
open_index(Oid oid)
{
	Relation	index;

	if (!ConditionalLockRelationOid(oid, AccessShareLock))
		return NULL;
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(oid)) ||
		(index = try_relation_open(oid, NoLock)) == NULL)
	{
		UnlockRelationOid(oid, AccessShareLock);
		return NULL;
	}
	/* Its number may be another relation's by now. */
	if ((index->rd_rel->relkind == RELKIND_INDEX || index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX) &&
		index->rd_rel->relam == get_index_am_oid(MM_AM_NAME, true) && !RELATION_IS_OTHER_TEMP(index) &&
		(index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX || mm_meta_try(index) != NULL))
		return index;
	relation_close(index, AccessShareLock);
	return NULL;
}

void
mm_visible_index(MMVisibleEntry *visible)
{
	Relation	index = open_index(visible->entry.key.index);
	MMScales	scales;
	int			n = 0;

	if (index == NULL)
		return;
	visible->counted = mm_columns_open(index);
	visible->columns = mm_columns_present(index);
	for (int i = 0; i < visible->counted->n && n < visible->columns->n; i++)
		if (!visible->counted->columns[i].dropped)
			visible->numbers[n++] = i;
	/* Statistics of a partitioned index would take its partitions. */
	if (index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX)
	{
		relation_close(index, AccessShareLock);
		return;
	}
	visible->pages = RelationGetNumberOfBlocks(index);
	visible->known = true;
	for (int i = 0; i < visible->columns->n; i++)
		visible->known &= mm_statistics_visible(visible->columns, i);
	visible->work_shown |= visible->known;
	if (mm_scales_fit(index, visible->columns->n))
	{
		mm_scales_get(index, visible->columns, mm_statistics_get(index, visible->columns), &scales);
		memcpy(visible->scales, scales.in_force, sizeof(visible->scales));
	}
	relation_close(index, AccessShareLock);
}
