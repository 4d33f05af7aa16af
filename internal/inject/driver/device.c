// SPDX-License-Identifier: GPL-2.0
/* /dev/kmodsh: one opener, commands in, events out. */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "kmodsh.h"

static atomic_t opened = ATOMIC_INIT(0);

static int device_open(struct inode *inode, struct file *file)
{
	int err;

	if (!capable(CAP_SYS_MODULE))
		return -EPERM;
	if (atomic_xchg(&opened, 1))
		return -EBUSY;
	err = kmodsh_ring_open(kmodsh_ring_size);
	if (err) {
		atomic_set(&opened, 0);
		return err;
	}
	kmodsh_owner = current->tgid;
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	mutex_lock(&kmodsh_commands);
	kmodsh_reset();
	mutex_unlock(&kmodsh_commands);
	kmodsh_owner = 0;
	kmodsh_ring_close();
	atomic_set(&opened, 0);
	return 0;
}

static ssize_t device_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	return kmodsh_ring_read(to, size, !(file->f_flags & O_NONBLOCK));
}

/*
 * Does the commands of whole lines in order, up to the first bad one, whose
 * errno it returns: those before it have been done.
 */
static ssize_t device_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	char *text, *rest, *line;
	int err = 0;

	if (!size)
		return 0;
	if (size > KMODSH_WRITE)
		return -E2BIG;
	text = memdup_user_nul(from, size);
	if (IS_ERR(text))
		return PTR_ERR(text);
	if (text[size - 1] != '\n' || strlen(text) != size) {
		kfree(text);
		return -EINVAL;
	}
	text[size - 1] = 0;
	rest = text;
	if (mutex_lock_interruptible(&kmodsh_commands)) {
		kfree(text);
		return -ERESTARTSYS;
	}
	while (!err && rest) {
		line = strsep(&rest, "\n");
		err = kmodsh_command(line);
	}
	mutex_unlock(&kmodsh_commands);
	kfree(text);
	return err ? err : size;
}

static __poll_t device_poll(struct file *file, struct poll_table_struct *table)
{
	poll_wait(file, kmodsh_ring_wait(), table);
	return EPOLLOUT | EPOLLWRNORM | (kmodsh_ring_ready() ? EPOLLIN | EPOLLRDNORM : 0);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.write = device_write,
	.poll = device_poll,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kmodsh",
	.fops = &operations,
	.mode = 0600,
};

int kmodsh_device_init(void)
{
	return misc_register(&device);
}

void kmodsh_device_exit(void)
{
	misc_deregister(&device);
}
