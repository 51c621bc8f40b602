/* Port names: see service.h. */
#include "query/service.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN	40

static const struct {
	const char	*name;
	uint16_t	 port;
} services[] = {
	{ "bgp", 179 }, { "bootpc", 68 }, { "bootps", 67 }, { "dhcp", 67 },
	{ "dns", 53 }, { "domain", 53 }, { "ftp", 21 }, { "ftp-data", 20 },
	{ "http", 80 }, { "http-alt", 8080 }, { "https", 443 },
	{ "imap", 143 }, { "imaps", 993 }, { "ipp", 631 },
	{ "isakmp", 500 }, { "kerberos", 88 }, { "ldap", 389 },
	{ "ldaps", 636 }, { "mdns", 5353 }, { "microsoft-ds", 445 },
	{ "mysql", 3306 }, { "netbios-ns", 137 }, { "nfs", 2049 },
	{ "ntp", 123 }, { "openvpn", 1194 }, { "pop3", 110 },
	{ "pop3s", 995 }, { "postgresql", 5432 }, { "rdp", 3389 },
	{ "rsync", 873 }, { "rtsp", 554 }, { "sip", 5060 }, { "smb", 445 },
	{ "smtp", 25 }, { "smtps", 465 }, { "snmp", 161 },
	{ "snmp-trap", 162 }, { "ssh", 22 }, { "submission", 587 },
	{ "sunrpc", 111 }, { "syslog", 514 }, { "telnet", 23 },
	{ "tftp", 69 }, { "vnc", 5900 }, { "wireguard", 51820 }
};

int
service_find(const char *name, size_t len)
{
	char buf[NAME_MAX_LEN], mem[2048];
	struct servent ent, *found = NULL;

	if (len == 0 || len >= sizeof(buf) || memchr(name, '\0', len) != NULL)
		return -1;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (strlen(services[i].name) == len &&
		    strncasecmp(services[i].name, name, len) == 0)
			return services[i].port;
	}
	memcpy(buf, name, len);
	buf[len] = '\0';
	if (getservbyname_r(buf, NULL, &ent, mem, sizeof(mem), &found) != 0 ||
	    found == NULL)
		return -1;
	return ntohs((uint16_t)found->s_port);
}

const char *
service_name(unsigned port)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (services[i].port == port)
			return services[i].name;
	}
	return NULL;
}
