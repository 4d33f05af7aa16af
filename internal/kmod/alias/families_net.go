package alias

// rpcFamilies are the transports of RPC, by network identifier: listed, since
// modules such as rpcsec_gss_krb5 have names that begin so.
func rpcFamilies() (list []Family) {
	for _, netid := range [...]string{"tcp", "tcp6", "udp", "udp6", "rdma", "rdma6", "local"} {
		list = append(list,
			Family{Format: "rpc" + netid, What: "the transport " + netid + " of RPC clients", Asks: "net/sunrpc/xprt.c, which composes rpcNETID", Trigger: "mounting NFS with proto="},
			Family{Format: "svc" + netid, What: "the transport " + netid + " of RPC servers", Asks: "net/sunrpc/svc_xprt.c, which composes svcNETID", Trigger: "adding a port to the NFS server", Needs: "root"})
	}
	return list
}

func socketFamilies() []Family {
	const inet = "net/ipv4/af_inet.c, net/ipv6/af_inet6.c; net/core/sock.c for family 16 protocol 4"
	return []Family{
		{Format: "net-pf-16-proto-16-family-{family name}", What: "a family of generic netlink", Asks: "net/netlink/genetlink.c", Trigger: "looking the family up by name, as ip, devlink or ethtool do", Note: "any user"},
		{Format: "net-pf-16-proto-4-type-{socket family:dec}-{ip protocol:dec}", What: "the socket diagnosis of an IP protocol", Asks: "net/core/sock.c, sock_load_diag_module", Trigger: "a dump of sockets, as ss does", Note: "any user"},
		{Format: "net-pf-16-proto-4-type-{socket family:dec}", What: "the socket diagnosis of a family", Asks: "net/core/sock.c, sock_load_diag_module", Trigger: "a dump of sockets, as ss does", Note: "any user"},
		{Format: "net-pf-16-proto-{netlink protocol:dec}", What: "a protocol of netlink", Asks: "net/netlink/af_netlink.c", Trigger: "socket(AF_NETLINK, TYPE, PROTOCOL)", Note: "any user"},
		{Format: "net-pf-{socket family:dec}-proto-{ip protocol:dec}-type-{socket type:dec}", What: "a protocol of a socket family, for one type of socket", Asks: inet, Trigger: "socket(FAMILY, TYPE, PROTOCOL)", Note: "any user; on a miss the form without the type is asked for, too"},
		{Format: "net-pf-{socket family:dec}-proto-{ip protocol:dec}", What: "a protocol of a socket family", Asks: inet + ", drivers/net/ppp/pppox.c, net/phonet/af_phonet.c", Trigger: "socket(FAMILY, TYPE, PROTOCOL)", Note: "any user"},
		{Format: "net-pf-{socket family:dec}-proto-{ip protocol:dec}{name}", What: "a protocol of a socket family, by name", Asks: noCode},
		{Format: "net-pf-{socket family:dec}", What: "a socket family", Asks: "net/socket.c, __sock_create", Trigger: "socket(FAMILY, ...) of a family that is not there", Note: "any user"},
		{Format: "can-proto-{protocol:dec}", What: "a protocol of CAN", Asks: "net/can/af_can.c", Trigger: "socket(AF_CAN, TYPE, PROTOCOL)", Note: "any user"},
		{Format: "bt-proto-{bluetooth protocol:dec}", What: "a protocol of Bluetooth", Asks: "net/bluetooth/af_bluetooth.c", Trigger: "socket(AF_BLUETOOTH, TYPE, PROTOCOL), first network namespace only", Note: "any user"},
		{Format: "rpc-auth-gss-{mechanism}", What: "a security mechanism of RPC, by name, number or OID", Asks: "net/sunrpc/auth_gss/gss_mech_switch.c", Trigger: "mounting NFS with sec="},
		{Format: "rpc-auth-{flavour:dec}", What: "an authentication flavour of RPC", Asks: "net/sunrpc/auth.c", Trigger: "mounting NFS with sec="},
		{Format: "9p-{transport}", What: "a transport of 9P", Asks: "net/9p/mod.c", Trigger: "mount -t 9p -o trans="},
		{Format: "tcp-ulp-{name}", What: "an upper protocol on TCP", Asks: "net/ipv4/tcp_ulp.c", Trigger: "setsockopt TCP_ULP", Needs: "CAP_NET_ADMIN in the first namespace"},
		{Format: "tcp_{algorithm}", What: "a congestion control of TCP", Asks: "net/ipv4/tcp_cong.c", Trigger: "setsockopt TCP_CONGESTION, sysctl, route metric", Needs: "CAP_NET_ADMIN in the first namespace"},
		{Format: "net-l2tp-type-{pseudo-wire:dec}", What: "a pseudo-wire of L2TP", Asks: "net/l2tp/l2tp_netlink.c", Trigger: "creating an L2TP session", Needs: "CAP_NET_ADMIN"},
		{Format: "xfrm-type-{socket family:dec}-{ip protocol:dec}", What: "a protocol of IPsec", Asks: "net/xfrm/xfrm_state.c", Trigger: "creating a security association", Needs: "CAP_NET_ADMIN"},
		{Format: "xfrm-offload-{socket family:dec}-{ip protocol:dec}", What: "the offload of a protocol of IPsec", Asks: "net/xfrm/xfrm_state.c", Trigger: "creating a security association", Needs: "CAP_NET_ADMIN"},
		{Format: "vport-type-{type:dec}", What: "a kind of port of Open vSwitch", Asks: "net/openvswitch/vport.c", Trigger: "adding a port", Needs: "CAP_NET_ADMIN"},
		{Format: "algif-{kind}", What: "a kind of algorithm for user space", Asks: "crypto/af_alg.c", Trigger: "bind(2) on a socket of AF_ALG", Note: "any user"},
	}
}

func networkFamilies() []Family {
	return []Family{
		{Format: "netdev-{interface}", What: "the driver of an interface name", Asks: "net/core/dev_ioctl.c, dev_load", Trigger: "an ioctl on an interface that is not there, such as SIOCGIFINDEX", Needs: "CAP_NET_ADMIN", Note: "with CAP_SYS_MODULE the bare name is asked for next"},
		{Format: "rtnl-link-{kind}", What: "a kind of network device", Asks: "net/core/rtnetlink.c", Trigger: "ip link add type KIND", Needs: "CAP_NET_ADMIN"},
		{Format: "rtnl-lwt-{encapsulation}", What: "a light-weight tunnel", Asks: "net/core/lwtunnel.c", Trigger: "ip route add ... encap", Needs: "CAP_NET_ADMIN"},
		{Format: "team-mode-{mode}", What: "a mode of the team device", Asks: "drivers/net/team/team_core.c", Trigger: "setting the option mode", Needs: "CAP_NET_ADMIN"},
		{Format: "dsa_tag:id-{tag:dec}", What: "a tag protocol of Ethernet switches, by number", Asks: "net/dsa/tag.c", Trigger: "probing a switch"},
		{Format: "dsa_tag:{tag}", What: "a tag protocol of Ethernet switches", Asks: "net/dsa/tag.c", Trigger: "probing a switch, changing its tag protocol"},
		{Format: "ppp-compress-{method:dec}", What: "a compression of PPP", Asks: "drivers/net/ppp/ppp_generic.c", Trigger: "ioctl PPPIOCSCOMPRESS", Needs: "CAP_NET_ADMIN"},
		{Format: "mdio:{identifier bits}", What: "the driver of an Ethernet PHY", Asks: "drivers/net/phy/phy_device.c", Trigger: "a PHY is found on its bus", Note: "the 32 bits of the PHY's identifier, ? for bits that do not count"},
		{Format: "net-sch-{discipline}", What: "a queueing discipline", Asks: "net/sched/sch_api.c", Trigger: "tc qdisc add, sysctl net.core.default_qdisc", Needs: "CAP_NET_ADMIN", Note: "kernels before 6.9 ask for the module sch_DISCIPLINE"},
		{Format: "net-cls-{classifier}", What: "a traffic classifier", Asks: "net/sched/cls_api.c", Trigger: "tc filter add", Needs: "CAP_NET_ADMIN", Note: "kernels before 6.9 ask for the module cls_CLASSIFIER"},
		{Format: "net-act-{action}", What: "a traffic action", Asks: "net/sched/act_api.c", Trigger: "tc filter add ... action", Needs: "CAP_NET_ADMIN", Note: "kernels before 6.9 ask for the module act_ACTION"},
		{Format: "ematch-kind-{kind:dec}", What: "an extended match", Asks: "net/sched/ematch.c", Trigger: "tc filter add ... match", Needs: "CAP_NET_ADMIN"},
		{Format: "ife-meta-{metadata}", What: "metadata of the action ife", Asks: "net/sched/act_ife.c", Trigger: "tc action add action ife", Needs: "CAP_NET_ADMIN"},
		{Format: "rdma-netlink-subsys-{subsystem:dec}", What: "an RDMA subsystem of netlink", Asks: "drivers/infiniband/core/netlink.c", Trigger: "a message of the tool rdma"},
		{Format: "rdma-link-{type}", What: "a kind of RDMA device", Asks: "drivers/infiniband/core/nldev.c", Trigger: "rdma link add type TYPE", Needs: "CAP_NET_ADMIN"},
		{Format: "rdma-client-{client}", What: "a user of RDMA devices", Asks: "drivers/infiniband/core", Trigger: "using it through netlink"},
	}
}

func filterFamilies() []Family {
	const tables = "net/netfilter/x_tables.c; net/ipv4/netfilter and net/ipv6/netfilter for revisions"
	const rule = "a rule that names a match or target that is not there"
	const admin = "CAP_NET_ADMIN"
	const request = "net/netfilter/x_tables.c, xt_request_find_table_lock"
	const table = "iptables-legacy -t TABLE and its like, of a table that is not there"
	const nft = "net/netfilter/nf_tables_api.c"
	return []Family{
		{Format: "ipt_{extension}", What: "a match or target of iptables", Asks: tables, Trigger: rule, Needs: admin},
		{Format: "ip6t_{extension}", What: "a match or target of ip6tables", Asks: tables, Trigger: rule, Needs: admin},
		{Format: "arpt_{extension}", What: "a match or target of arptables", Asks: tables, Trigger: rule, Needs: admin},
		{Format: "ebt_{extension}", What: "a match or target of ebtables", Asks: "net/bridge/netfilter/ebtables.c", Trigger: rule, Needs: admin},
		{Format: "xt_{extension}", What: "a match or target of all tables", Asks: tables, Trigger: rule, Needs: admin},
		{Format: "nfnetlink-subsys-{nfnetlink subsystem:dec}", What: "a subsystem of netfilter's netlink", Asks: "net/netfilter/nfnetlink.c", Trigger: "a message to the subsystem, or binding to its groups", Needs: admin},
		{Format: "nfct-helper-{helper}", What: "a helper of connection tracking", Asks: "net/netfilter/nf_conntrack_helper.c, nf_conntrack_netlink.c", Trigger: "assigning the helper to a flow", Needs: admin},
		{Format: "ip_nat_{helper}", What: "the address translation of a helper", Asks: "net/netfilter/nf_conntrack_helper.c", Trigger: "address translation of a connection with a helper"},
		{Format: "ip_conntrack{name}", What: "connection tracking, by its name before Linux 2.6.20", Asks: "net/netfilter/nfnetlink_queue.c, nfnetlink_log.c (ip_conntrack_netlink)", Trigger: "a queue or log with information of connections"},
		{Format: "nf_conntrack{name}", What: "connection tracking, or a protocol of it", Asks: "net/netfilter/nf_conntrack_proto.c and tools that know the name", Trigger: "a rule that needs it"},
		{Format: "nf_nat{name}", What: "address translation", Asks: "net/netfilter/nf_conntrack_netlink.c and tools that know the name", Trigger: "a rule or a message about connections that needs it"},
		{Format: "ip_set_{type}", What: "a type of IP set", Asks: "net/netfilter/ipset/ip_set_core.c", Trigger: "ipset create NAME TYPE", Needs: admin},
		{Format: "ip_vs_pe_{engine}", What: "a persistence engine of IP virtual server", Asks: "net/netfilter/ipvs/ip_vs_pe.c", Trigger: "ipvsadm --pe", Needs: admin},
		{Format: "ip_vs_{scheduler}", What: "a scheduler of IP virtual server", Asks: "net/netfilter/ipvs/ip_vs_sched.c", Trigger: "ipvsadm -A with -s", Needs: admin},
		{Format: "iptable_{table}", What: "a table of iptables", Asks: request, Trigger: table, Needs: admin},
		{Format: "ip6table_{table}", What: "a table of ip6tables", Asks: request, Trigger: table, Needs: admin},
		{Format: "arptable_{table}", What: "a table of arptables", Asks: request, Trigger: table, Needs: admin},
		{Format: "ebtable_{table}", What: "a table of ebtables", Asks: "net/bridge/netfilter/ebtables.c", Trigger: "ebtables -t TABLE of a table that is not there", Needs: admin},
		{Format: "nft-chain-{netfilter family:dec}-{type}", What: "a type of chain of nftables", Asks: nft, Trigger: "adding a base chain", Needs: admin},
		{Format: "nft-expr-{netfilter family:dec}-{expression}", What: "an expression of nftables in one family", Asks: nft, Trigger: "adding a rule", Needs: admin},
		{Format: "nft-expr-{expression}", What: "an expression of nftables", Asks: nft, Trigger: "adding a rule", Needs: admin},
		{Format: "nft-obj-{object:dec}", What: "an object of nftables", Asks: nft, Trigger: "adding an object, such as a counter", Needs: admin},
		{Format: "nf-flowtable-{netfilter family:dec}", What: "a flow table of nftables", Asks: nft, Trigger: "adding a flowtable", Needs: admin},
		{Format: "nf-logger-{netfilter family:dec}-{logger:dec}", What: "a logger of netfilter", Asks: "net/netfilter/nft_log.c, nf_log.c of older kernels; nothing in Linux 6.12", Trigger: "a rule that logs"},
		{Format: "ts_{algorithm}", What: "a text search", Asks: "lib/textsearch.c", Trigger: "a rule with a string match", Needs: admin},
	}
}
