#include <maxminddb.h>

/* The UTF-8 text at that path, which ends with NULL, of an entry, and its length in bytes; NULL when there is none. Swift
 * cannot read the union of values. */
static inline const char *countersign_maxminddb_text(
    MMDB_entry_s *entry, const char *const *path, uint32_t *size) {
    MMDB_entry_data_s data;
    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING) {
        return NULL;
    }
    *size = data.data_size;
    return data.utf8_string;
}
