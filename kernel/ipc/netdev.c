// SPDX-License-Identifier: GPL-2.0-only
/*
 * Network devices: two of them, at the ends of a link, are a cable. There is no queue of the host's
 * and no time of the host's: a frame is sent when the sender's clock says, and received when the
 * receiver's does.
 *
 * No segmentation or checksum is left to others, as each frame takes its own time on the wire.
 */

#include "ipc.h"

#include <linux/err.h>
#include <linux/etherdevice.h>
#include <linux/irq_work.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>

struct ls_netdev {
	struct ls_port port;
	struct net_device *dev;
	struct napi_struct napi;
	struct irq_work poll;	  /* has it polled at once, in whatever context something arrives */
	struct work_struct empty; /* drops what arrives while it is down */
};

static struct ls_netdev *ls_netdev_of(struct ls_port *port)
{
	return container_of(port, struct ls_netdev, port);
}

/* A frame of a network device, in an skb that is fit for another. */
static const struct ls_cargo_ops ls_frame_ops = {
	.release = ls_skb_release,
	.copy = ls_skb_copy,
};

/* Leaves nothing of this host in it: what it belongs to, who waits for it, when it came. */
static bool ls_netdev_strip(struct sk_buff *skb)
{
	if (skb_orphan_frags_rx(skb, GFP_ATOMIC))
		return false;
	skb_scrub_packet(skb, true);
	skb_orphan(skb);
	skb->tstamp = 0;
	return true;
}

static int ls_netdev_send(struct ls_netdev *own, struct sk_buff *skb)
{
	const u64 now_ns = ls_port_now(&own->port);
	struct ls_message *message;
	int err;

	if (!ls_netdev_strip(skb))
		return -ENOMEM;
	message = ls_cargo_skb(skb, &ls_frame_ops);
	if (!message)
		return -ENOMEM;
	err = ls_port_send(&own->port, message, now_ns);
	if (!err)
		return 0;
	/* It is the caller's to free. */
	ls_port_holds(message, NULL);
	ls_port_free(message);
	return err;
}

static netdev_tx_t ls_netdev_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ls_netdev *own = netdev_priv(dev);
	const u32 length = skb->len;
	const int err = ls_netdev_send(own, skb);

	if (!err) {
		dev->stats.tx_packets++;
		dev->stats.tx_bytes += length;
		return NETDEV_TX_OK;
	}
	dev->stats.tx_dropped++;
	ls_port_drop(&own->port, length, err == -ENOBUFS || err == -ENOMEM);
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

/* A frame of @message, which is freed; NULL: it is none, or there is no memory for it. */
static struct sk_buff *ls_netdev_frame(struct ls_netdev *own, struct ls_message *message)
{
	const u32 length = ls_port_length(message);
	struct sk_buff *skb = NULL;

	if (ls_port_held(message) == &ls_frame_ops) {
		skb = ls_port_cargo(message);
		ls_port_holds(message, NULL);
	} else if (length >= ETH_HLEN) {
		/* Of a socket or of a modelled component. */
		skb = netdev_alloc_skb(own->dev, length);
		if (skb)
			ls_cargo_copy(message, skb_put(skb, length));
	}
	if (!skb && ls_cargo_of(message) == LS_CARGO_BYTES)
		own->dev->stats.rx_dropped++;
	ls_port_free(message);
	return skb;
}

static int ls_netdev_poll(struct napi_struct *napi, int budget)
{
	struct ls_netdev *own = container_of(napi, struct ls_netdev, napi);
	struct ls_message *message = NULL;
	struct sk_buff *skb;
	int done = 0;

	while (done < budget) {
		message = ls_port_take(&own->port);
		if (!message)
			break;
		done++;
		skb = ls_netdev_frame(own, message);
		if (!skb)
			continue;
		own->dev->stats.rx_packets++;
		own->dev->stats.rx_bytes += skb->len;
		skb->protocol = eth_type_trans(skb, own->dev);
		netif_receive_skb(skb);
	}
	if (!message)
		napi_complete_done(napi, done);
	return message ? budget : min(done, budget - 1);
}

static int ls_netdev_up(struct net_device *dev)
{
	struct ls_netdev *own = netdev_priv(dev);

	napi_enable(&own->napi);
	netif_start_queue(dev);
	/* What arrived while it was down waits. */
	local_bh_disable();
	napi_schedule(&own->napi);
	local_bh_enable();
	return 0;
}

static void ls_netdev_drop(struct ls_netdev *own)
{
	struct ls_message *message;

	/* Simulated time is not to wait for a device that is down. */
	while ((message = ls_port_take(&own->port))) {
		own->dev->stats.rx_dropped++;
		ls_port_free(message);
	}
}

static int ls_netdev_down(struct net_device *dev)
{
	struct ls_netdev *own = netdev_priv(dev);

	netif_stop_queue(dev);
	napi_disable(&own->napi);
	ls_netdev_drop(own);
	return 0;
}

static const struct net_device_ops ls_netdev_ops = {
	.ndo_open = ls_netdev_up,
	.ndo_stop = ls_netdev_down,
	.ndo_start_xmit = ls_netdev_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void ls_netdev_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &ls_netdev_ops;
	dev->priv_flags |= IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = LIVESTACK_MESSAGE_MAX - ETH_HLEN;
	/* Frags are taken as they are; every frame has its own length and its own checksum. */
	dev->features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HIGHDMA;
	dev->hw_features = 0;
	eth_hw_addr_random(dev);
}

static void ls_netdev_wake(struct ls_netdev *own)
{
	if (netif_running(own->dev))
		napi_schedule(&own->napi);
	else
		queue_work(system_wq, &own->empty);
}

static void ls_netdev_poll_now(struct irq_work *work)
{
	ls_netdev_wake(container_of(work, struct ls_netdev, poll));
}

/*
 * A softirq that is raised in the context of a process, as here with interrupts off, would wait for
 * the next interrupt, which may be the next tick. After one of its own it runs at once.
 */
static void ls_netdev_arrived(struct ls_port *port)
{
	struct ls_netdev *own = ls_netdev_of(port);

	if (in_interrupt())
		ls_netdev_wake(own);
	else
		irq_work_queue(&own->poll);
}

static void ls_netdev_empty(struct work_struct *work)
{
	struct ls_netdev *own = container_of(work, struct ls_netdev, empty);

	rtnl_lock();
	if (!netif_running(own->dev))
		ls_netdev_drop(own);
	rtnl_unlock();
}

/* Never asked for: what finds no room is dropped, as by any network device. */
static void ls_netdev_resume(struct ls_port *port)
{
}

static const struct ls_port_ops ls_netdev_port_ops = {
	.arrived = ls_netdev_arrived,
	.resume = ls_netdev_resume,
};

static struct ls_port *ls_netdev_open(const struct ls_port *place,
				      const struct ls_port_request *request, const char **sentence)
{
	struct net_device *dev;
	struct ls_netdev *own;
	int err;

	if (!dev_valid_name(request->interface))
		return ls_ipc_refuse(sentence, -EINVAL,
				     "this is no name of a network device: 1 to 15 characters, no blank, slash or colon");
	dev = alloc_netdev(sizeof(*own), request->interface, NET_NAME_USER, ls_netdev_setup);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	own = netdev_priv(dev);
	own->port = *place;
	own->port.ops = &ls_netdev_port_ops;
	own->dev = dev;
	dev_net_set(dev, request->net);
	netif_napi_add(dev, &own->napi, ls_netdev_poll);
	init_irq_work(&own->poll, ls_netdev_poll_now);
	INIT_WORK(&own->empty, ls_netdev_empty);
	ls_port_open(&own->port);
	ls_port_header(&own->port, ETH_HLEN);
	err = register_netdev(dev);
	if (!err)
		return &own->port;
	ls_port_shut(&own->port);
	irq_work_sync(&own->poll);
	cancel_work_sync(&own->empty);
	netif_napi_del(&own->napi);
	free_netdev(dev);
	if (err == -EEXIST)
		return ls_ipc_refuse(sentence, err,
				     "there is a network device of this name: take another, ip link lists them");
	return ERR_PTR(err);
}

static void ls_netdev_close(struct ls_port *port)
{
	struct ls_netdev *own = ls_netdev_of(port);
	struct net_device *dev = own->dev;

	unregister_netdev(dev);
	ls_port_shut(port);
	irq_work_sync(&own->poll);
	cancel_work_sync(&own->empty);
	netif_napi_del(&own->napi);
	free_netdev(dev);
}

static void ls_netdev_view(struct ls_port *port, struct ls_port_view *view)
{
	struct ls_netdev *own = ls_netdev_of(port);

	view->interface = own->dev->name;
	view->index = own->dev->ifindex;
}

const struct ls_ipc_kind ls_netdev_kind = {
	.open = ls_netdev_open,
	.close = ls_netdev_close,
	.view = ls_netdev_view,
};
