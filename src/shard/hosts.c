/*-------------------------------------------------------------------------
 *
 * hosts.c
 *	  Servers with several hosts, such as a primary and its standbys.
 *
 * libpq tries them one after the other.  But whoever calls it without waiting must
 * himself see to it that no host takes longer than connect_timeout, and libpq cannot
 * be told to try the next one.  So then the connection is begun anew, without the
 * hosts that have taken too long.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "shard/connection.h"

/*
 * The elements of a list that is separated by commas, as libpq takes it apart.
 */
static List *
split(const char *text)
{
	List	   *result = NIL;

	for (;;)
	{
		const char *end = strchr(text, ',');

		if (end == NULL)
			return lappend(result, pstrdup(text));
		result = lappend(result, pnstrdup(text, end - text));
		text = end + 1;
	}
}

/*
 * The elements that are not dropped, as a list again.
 */
static char *
join(List *elements, const Bitmapset *dropped)
{
	StringInfoData result;
	bool		first = true;

	initStringInfo(&result);
	for (int i = 0; i < list_length(elements); i++)
	{
		if (bms_is_member(i, dropped))
			continue;
		appendStringInfo(&result, "%s%s", first ? "" : ",", (char *) list_nth(elements, i));
		first = false;
	}
	return result.data;
}

/*
 * The last value of a keyword, which is the one that counts; NULL if there is none.
 */
static const char **
find_value(MMTarget *target, const char *keyword)
{
	for (int i = target->n - 1; i >= 0; i--)
		if (strcmp(target->keywords[i], keyword) == 0)
			return &target->values[i];
	return NULL;
}

/*
 * The hosts of a target: addresses if it has them, or else names.
 */
static List *
hosts_of(MMTarget *target)
{
	const char **hosts = find_value(target, "hostaddr");

	if (hosts == NULL)
		hosts = find_value(target, "host");
	return hosts == NULL ? NIL : split(*hosts);
}

bool
mm_hosts_drop(MMTarget *target, Bitmapset **dropped, const PGconn *pg)
{
	List	   *hosts = hosts_of(target);
	const char **names = find_value(target, "host");
	const char **ports = find_value(target, "port");
	List	   *name_list = names == NULL ? NIL : split(*names);
	List	   *port_list = ports == NULL ? NIL : split(*ports);

	for (int i = 0; i < list_length(hosts); i++)
	{
		const char *name = list_nth(list_length(name_list) == list_length(hosts) ? name_list : hosts, i);

		if (bms_is_member(i, *dropped) || PQhost(pg) == NULL || strcmp(PQhost(pg), name) != 0)
			continue;
		/* One port is for all hosts. */
		if (list_length(port_list) == list_length(hosts) && PQport(pg) != NULL &&
			strcmp(PQport(pg), list_nth(port_list, i)) != 0)
			continue;
		*dropped = bms_add_member(*dropped, i);
		break;
	}
	return bms_num_members(*dropped) > 0 && bms_num_members(*dropped) < list_length(hosts);
}

void
mm_hosts_without(MMTarget *target, const Bitmapset *dropped)
{
	static const char *const lists[] = {"host", "hostaddr", "port"};
	int			n = list_length(hosts_of(target));

	if (bms_is_empty(dropped))
		return;
	for (int i = 0; i < (int) lengthof(lists); i++)
	{
		const char **value = find_value(target, lists[i]);
		List	   *elements = value == NULL ? NIL : split(*value);

		if (list_length(elements) == n)
			*value = join(elements, dropped);
	}
}
